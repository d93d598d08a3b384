package dev.excitor.runtime.kernel.amx;

import static dev.excitor.runtime.foreign.Addresses.readable;
import static dev.excitor.runtime.foreign.Addresses.writable;

import dev.excitor.runtime.Tensor;
import dev.excitor.runtime.foreign.Arguments;
import dev.excitor.runtime.foreign.MachineCode;
import dev.excitor.runtime.kernel.Activations;
import dev.excitor.runtime.kernel.MatMul;
import dev.excitor.runtime.kernel.Packing;
import dev.excitor.runtime.team.Worker;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Products of one format and width with many activations, both as brain floats, in tiles.
///
/// Up to 256 weight rows are unpacked, 2048 columns at a time, into a panel that stays in the second-level cache while
/// all activations pass. Fewer activations than a tile holds go to another kernel, where there is one. Every address
/// handed over is part of a slice that Java has checked.
final class AmxMatMul implements MatMul {

    /// Weight rows of a panel.
    static final int PANEL_ROWS = 256;

    private static final int BLOCK_ROWS = TileKernel.TILES * BrainTiles.ROWS;

    private static final int ARGUMENTS = 128;
    private static final int SCRATCH_AT = ARGUMENTS;
    private static final int PANEL_AT = SCRATCH_AT + TileKernel.SCRATCH_BYTES;

    /// Native scratch of a worker: arguments, the results of a block, a panel.
    private static final int WORKER_BYTES = PANEL_AT + PANEL_ROWS * BrainPacking.COLS * Short.BYTES;

    private final String name;
    private final WeightSource source;
    private final int cols;
    private final MachineCode panelKernel;
    private final MachineCode[][] tileKernels;
    private final BrainPacking packing;
    private final @Nullable MatMul few;

    /// @param tileKernels for one and two tiles of weight rows, and of each one for one and two of activations
    /// @param few         for fewer than [AmxProvider#TILES_FROM] rows of activations, or null
    AmxMatMul(
            String name,
            WeightSource source,
            int cols,
            MachineCode panelKernel,
            MachineCode[][] tileKernels,
            BrainPacking packing,
            @Nullable MatMul few) {
        this.name = name;
        this.source = source;
        this.cols = cols;
        this.panelKernel = panelKernel;
        this.tileKernels = tileKernels;
        this.packing = packing;
        this.few = few;
    }

    @Override
    public String name() {
        return name;
    }

    private @Nullable MatMul other(int rows) {
        return rows < AmxProvider.TILES_FROM ? few : null;
    }

    @Override
    public @Nullable Packing<?> packing(int rows) {
        MatMul other = other(rows);
        return other == null ? packing : other.packing(rows);
    }

    @Override
    public List<Packing<?>> packings() {
        List<Packing<?>> all = new ArrayList<>();
        all.add(packing);
        if (few != null) {
            all.addAll(few.packings());
        }
        return List.copyOf(all);
    }

    @Override
    public void apply(Worker worker, Tensor w, Activations x, MemorySegment y, int yStride) {
        MatMul other = other(x.rows());
        if (other != null) {
            other.apply(worker, w, x, y, yStride);
            return;
        }
        int rows = w.shape().rows();
        int to = worker.to(rows, BLOCK_ROWS);
        Arguments memory = worker.arguments(WORKER_BYTES);
        for (int first = worker.from(rows, BLOCK_ROWS); first < to; first += PANEL_ROWS) {
            int count = Math.min(PANEL_ROWS, to - first);
            for (int col = 0; col < cols; col += BrainPacking.COLS) {
                unpack(memory, w, first, count, col);
                multiply(memory, first, count, x, col, y, yStride);
            }
        }
    }

    /// Weight rows `[first, first + count)` of a run of columns into the panel.
    private void unpack(Arguments memory, Tensor w, int first, int count, int col) {
        int width = BrainPacking.width(col, cols);
        long rowBytes = w.rowBytes();
        long weights = readable(w.data(), first * rowBytes, count * rowBytes) + source.bytes(col);
        memory.set(PanelKernel.W_STRIDE, rowBytes);
        memory.set(PanelKernel.UNITS, width / source.unitWeights());
        memory.set(PanelKernel.AHEAD, BrainTiles.ROWS * rowBytes);
        for (int row = 0; row < count; row += BrainTiles.ROWS) {
            int tile = row / BrainTiles.ROWS;
            memory.set(PanelKernel.W, weights + row * rowBytes);
            memory.set(PanelKernel.LAST_ROW, Math.min(BrainTiles.ROWS, count - row) - 1);
            memory.set(PanelKernel.OUT, memory.address() + PANEL_AT + tile * BrainPacking.runBytes(width));
            panelKernel.call(memory);
        }
    }

    /// The panel with all activations, two tiles of them at a time.
    private void multiply(
            Arguments memory, int first, int count, Activations x, int col, MemorySegment y, int yStride) {
        int n = x.rows();
        int width = BrainPacking.width(col, cols);
        long runBytes = BrainPacking.runBytes(width);
        long yBytes = 4L * yStride;
        int whole = count / BLOCK_ROWS;
        int rest = count % BLOCK_ROWS;
        memory.set(TileKernel.Y_STRIDE, yBytes);
        memory.set(TileKernel.K, width / BrainTiles.COLS);
        memory.set(TileKernel.RUN, runBytes);
        memory.set(TileKernel.SCRATCH, memory.address() + SCRATCH_AT);
        for (int token = 0; token < n; token += BLOCK_ROWS) {
            int tokens = Math.min(BLOCK_ROWS, n - token);
            int tiles = BrainPacking.tiles(tokens);
            long source = BrainPacking.offset(n, token / BrainTiles.ROWS, col, cols);
            long target = writable(y, token * yBytes + 4L * first, (tokens - 1) * yBytes + 4L * count);
            memory.set(TileKernel.X, readable(x.packed(packing), source, tiles * runBytes));
            memory.set(TileKernel.TOKENS, tokens);
            long panel = memory.address() + PANEL_AT;
            if (whole > 0) {
                blocks(memory, whole, BLOCK_ROWS, tiles, col > 0, panel, target);
            }
            if (rest > 0) {
                long done = (long) whole * BLOCK_ROWS;
                blocks(memory, 1, rest, tiles, col > 0, panel + done / BrainTiles.ROWS * runBytes, target + 4 * done);
            }
        }
    }

    /// @param rows of each block
    private void blocks(Arguments memory, int blocks, int rows, int tokenTiles, boolean adds, long panel, long target) {
        int rowsA = Math.min(BrainTiles.ROWS, rows);
        long maskA = (1L << rowsA) - 1;
        long maskB = (1L << (rows - rowsA)) - 1;
        memory.set(TileKernel.W, panel);
        memory.set(TileKernel.Y, target);
        memory.set(TileKernel.BLOCKS, blocks);
        memory.set(TileKernel.MASK_A, maskA);
        memory.set(TileKernel.MASK_B, maskB);
        memory.set(TileKernel.ADD_A, adds ? maskA : 0);
        memory.set(TileKernel.ADD_B, adds ? maskB : 0);
        tileKernels[BrainPacking.tiles(rows) - 1][tokenTiles - 1].call(memory);
    }
}
