package dev.excitor.runtime.kernel.amx;

import static dev.excitor.runtime.foreign.Addresses.readable;
import static dev.excitor.runtime.foreign.Addresses.writable;

import dev.excitor.runtime.foreign.Arguments;
import dev.excitor.runtime.foreign.MachineCode;
import dev.excitor.runtime.kernel.Activations;
import dev.excitor.runtime.kernel.Packing;
import dev.excitor.runtime.team.Worker;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/// Activations as [BrainTiles].
///
/// Columns are cut into runs of at most [#COLS]. All tiles of rows of a run lie behind each other, one run behind the
/// other.
final class BrainPacking implements Packing<MemorySegment> {

    /// Most columns of a run: so many of 256 weight rows are half of a second-level cache of 2 MiB.
    static final int COLS = 2048;

    private static final int SCRATCH_AT = 64;
    private static final int WORKER_BYTES = SCRATCH_AT + BrainTiles.STEP_BYTES;

    private static final int ALIGNMENT = 64;

    private final MachineCode pack;

    BrainPacking(MachineCode pack) {
        this.pack = pack;
    }

    /// Tiles that hold so many rows.
    static int tiles(int rows) {
        return Math.ceilDiv(rows, BrainTiles.ROWS);
    }

    /// Columns of the run that begins at `col`.
    static int width(int col, int cols) {
        return Math.min(COLS, cols - col);
    }

    /// Bytes of 16 rows of so many columns.
    static long runBytes(int width) {
        return (long) width / BrainTiles.COLS * BrainTiles.BYTES;
    }

    /// Byte of the packed form where a tile of rows' part of a run starts.
    ///
    /// @param n   rows packed
    /// @param col the run's first column
    static long offset(int n, int tile, int col, int cols) {
        return tiles(n) * runBytes(col) + tile * runBytes(width(col, cols));
    }

    @Override
    public MemorySegment allocate(Arena arena, int capacity, int cols) {
        return arena.allocate(tiles(capacity) * runBytes(cols), ALIGNMENT);
    }

    @Override
    public void pack(Worker worker, Activations x, MemorySegment packed) {
        int cols = x.cols();
        int runs = Math.ceilDiv(cols, COLS);
        int items = tiles(x.rows()) * runs;
        for (int item = worker.from(items, 1); item < worker.to(items, 1); item++) {
            pack(worker, x, item / runs, item % runs * COLS, packed);
        }
    }

    private void pack(Worker worker, Activations x, int tile, int col, MemorySegment packed) {
        int n = x.rows();
        int cols = x.cols();
        int width = width(col, cols);
        int first = tile * BrainTiles.ROWS;
        int rows = Math.min(BrainTiles.ROWS, n - first);
        long stride = 4L * cols;
        Arguments memory = worker.arguments(WORKER_BYTES);
        memory.set(PackKernel.X, readable(x.data(), first * stride + 4L * col, (rows - 1) * stride + 4L * width));
        memory.set(PackKernel.X_STRIDE, stride);
        memory.set(PackKernel.LAST_ROW, rows - 1);
        memory.set(PackKernel.STEPS, width / BrainTiles.STEP_COLS);
        memory.set(PackKernel.OUT, writable(packed, offset(n, tile, col, cols), runBytes(width)));
        memory.set(PackKernel.SCRATCH, memory.address() + SCRATCH_AT);
        pack.call(memory);
    }
}
