package dev.excitor.runtime.kernel.avx512;

import static dev.excitor.runtime.foreign.Addresses.readable;
import static dev.excitor.runtime.foreign.Addresses.writable;

import dev.excitor.runtime.Tensor;
import dev.excitor.runtime.foreign.MachineCode;
import dev.excitor.runtime.kernel.Activations;
import dev.excitor.runtime.kernel.MatMul;
import dev.excitor.runtime.kernel.Packing;
import dev.excitor.runtime.kernel.x86.Q8Packing;
import dev.excitor.runtime.kernel.x86.RowArguments;
import dev.excitor.runtime.team.Worker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;

/// Products of one format and width with activations rounded to bytes, in machine code.
///
/// A few rows of activations: each weight row meets them as it streams by ([RowKernel]). More: 32 weight rows are
/// unpacked, 512 columns at a time, into [Panel]s that stay in the first-level cache while all activations pass
/// ([TileKernel]). Every address handed over is part of a slice that Java has checked.
final class Avx512MatMul implements MatMul {

    /// From this many activation rows on, panels pay.
    static final int TILES_FROM = RowKernel.MAX_TOKENS + 1;

    private static final int ARGUMENTS = 128;
    private static final int PANELS = ARGUMENTS + PanelKernel.SCRATCH_BYTES;
    private static final int MOST_PANEL_BYTES = Panel.COLS / 64 * (Panel.SCALES + 8 * 64);

    /// Native scratch of a worker: arguments, a unit of 16 rows, two panels.
    static final int WORKER_BYTES = PANELS + 2 * MOST_PANEL_BYTES;

    private static final int PAIR = 2 * Panel.ROWS;

    private final String name;
    private final WeightCode code;
    private final int cols;
    private final MachineCode[] rowKernels;
    private final MachineCode panelKernel;
    private final MachineCode[] tileKernels;
    private final Q8Packing lanes;
    private final Q8Packing records;

    /// @param rowKernels  for 1 to [RowKernel#MAX_TOKENS] rows of activations
    /// @param tileKernels for [TileKernel#MIN_TOKENS] to [TileKernel#MAX_TOKENS]
    Avx512MatMul(
            String name,
            WeightCode code,
            int cols,
            MachineCode[] rowKernels,
            MachineCode panelKernel,
            MachineCode[] tileKernels,
            Q8Packing lanes,
            Q8Packing records) {
        this.name = name;
        this.code = code;
        this.cols = cols;
        this.rowKernels = rowKernels;
        this.panelKernel = panelKernel;
        this.tileKernels = tileKernels;
        this.lanes = lanes;
        this.records = records;
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public Packing<?> packing(int rows) {
        return rows < TILES_FROM ? lanes : records;
    }

    @Override
    public List<Packing<?>> packings() {
        return List.of(lanes, records);
    }

    @Override
    public void apply(Worker worker, Tensor w, Activations x, MemorySegment y, int yStride) {
        int rows = w.shape().rows();
        if (x.rows() < TILES_FROM) {
            rows(worker, w, worker.from(rows, Panel.ROWS), worker.to(rows, Panel.ROWS), x, y, yStride);
        } else {
            int to = worker.to(rows, PAIR);
            for (int first = worker.from(rows, PAIR); first < to; first += PAIR) {
                pair(worker, w, first, Math.min(PAIR, to - first), x, y, yStride);
            }
        }
    }

    /// Weight rows `[from, to)` with the few activations.
    private void rows(Worker worker, Tensor w, int from, int to, Activations x, MemorySegment y, int yStride) {
        if (from == to) {
            return;
        }
        int n = x.rows();
        long yBytes = 4L * yStride;
        MemorySegment arguments = worker.memory(WORKER_BYTES);
        set(arguments, RowArguments.W, readable(w.data(), from * w.rowBytes(), (to - from) * w.rowBytes()));
        set(arguments, RowArguments.ROWS, to - from);
        set(arguments, RowArguments.X, readable(x.packed(lanes), 0, (long) n * Q8Lanes.rowBytes(cols)));
        set(arguments, RowArguments.Y, writable(y, 4L * from, (n - 1) * yBytes + 4L * (to - from)));
        set(arguments, RowArguments.Y_STRIDE, yBytes);
        rowKernels[n - 1].call(arguments);
    }

    /// Up to 32 weight rows with all activations.
    private void pair(Worker worker, Tensor w, int first, int rows, Activations x, MemorySegment y, int yStride) {
        MemorySegment memory = worker.memory(WORKER_BYTES);
        int rowsA = Math.min(Panel.ROWS, rows);
        int rowsB = rows - rowsA;
        for (int col = 0; col < cols; col += Panel.COLS) {
            int width = Math.min(Panel.COLS, cols - col);
            unpack(memory, w, first, rowsA, col, width, 0);
            if (rowsB > 0) {
                unpack(memory, w, first + Panel.ROWS, rowsB, col, width, 1);
            }
            set(memory, TileKernel.PANEL_A, memory.address() + PANELS);
            set(memory, TileKernel.PANEL_B, memory.address() + PANELS + MOST_PANEL_BYTES);
            set(memory, TileKernel.STEPS, width / 64);
            set(memory, TileKernel.MASK_A, (1 << rowsA) - 1);
            set(memory, TileKernel.MASK_B, (1 << rowsB) - 1);
            set(memory, TileKernel.ADDS, col);
            tiles(memory, first, rows, x, col, y, yStride);
        }
    }

    private void unpack(MemorySegment memory, Tensor w, int first, int rows, int col, int width, int panel) {
        long rowBytes = w.rowBytes();
        long weights = readable(w.data(), first * rowBytes, rows * rowBytes);
        long at = bytes(col);
        set(memory, PanelKernel.W, weights + at);
        set(memory, PanelKernel.W_STRIDE, rowBytes);
        set(memory, PanelKernel.LAST_ROW, rows - 1);
        set(memory, PanelKernel.UNITS, width / code.unitWeights());
        set(memory, PanelKernel.OUT, memory.address() + PANELS + (long) panel * MOST_PANEL_BYTES);
        set(memory, PanelKernel.SCRATCH, memory.address() + ARGUMENTS);
        set(memory, PanelKernel.AHEAD, col + width < cols ? bytes(width) : PAIR * rowBytes - at);
        panelKernel.call(memory);
    }

    /// Bytes of so many columns of a row.
    private long bytes(int columns) {
        return columns / code.unitWeights() * (long) code.unitBytes();
    }

    /// All activations in tiles of T tokens and, where they do not divide evenly, some of T - 1.
    private void tiles(
            MemorySegment memory, int first, int rows, Activations x, int col, MemorySegment y, int yStride) {
        int n = x.rows();
        int tiles = (n + TileKernel.MAX_TOKENS - 1) / TileKernel.MAX_TOKENS;
        int tokens = (n + tiles - 1) / tiles;
        int smaller = tiles * tokens - n;
        int split = (tiles - smaller) * tokens;
        tiles(memory, first, rows, x, col, 0, tokens, tiles - smaller, y, yStride);
        if (smaller > 0) {
            tiles(memory, first, rows, x, col, split, tokens - 1, smaller, y, yStride);
        }
    }

    private void tiles(
            MemorySegment memory,
            int first,
            int rows,
            Activations x,
            int col,
            int token,
            int tokens,
            int tiles,
            MemorySegment y,
            int yStride) {
        long xBytes = (long) Math.min(Panel.COLS, cols - col) / 32 * Q8Records.BYTES;
        long yBytes = 4L * yStride;
        int count = tiles * tokens;
        long source = readable(x.packed(records), records.offset(x.rows(), token, col, cols), count * xBytes);
        long target = writable(y, token * yBytes + 4L * first, (count - 1) * yBytes + 4L * rows);
        set(memory, TileKernel.X, source);
        set(memory, TileKernel.X_STRIDE, xBytes);
        set(memory, TileKernel.Y, target);
        set(memory, TileKernel.Y_STRIDE, yBytes);
        set(memory, TileKernel.TILES, tiles);
        tileKernels[tokens - TileKernel.MIN_TOKENS].call(memory);
    }

    private static void set(MemorySegment arguments, int at, long value) {
        arguments.set(ValueLayout.JAVA_LONG, at, value);
    }
}
