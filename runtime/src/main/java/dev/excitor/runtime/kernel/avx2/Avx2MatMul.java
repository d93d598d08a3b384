package dev.excitor.runtime.kernel.avx2;

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
/// A few rows of activations: each weight row meets them as it streams by ([RowKernel]). More: weight rows are
/// unpacked, 512 columns at a time, into [Panel]s that stay in the nearest caches while all activations pass
/// ([TileKernel]); weight rows that do not fill two panels are multiplied as if activations were few. Every address
/// handed over is part of a slice that Java has checked.
final class Avx2MatMul implements MatMul {

    /// From this many activation rows on, panels pay.
    static final int TILES_FROM = 8;

    /// Weight bytes that stay in the second-level cache when several groups of activations meet them.
    private static final int STRIP_BYTES = 1 << 16;

    /// Weight rows that a tile takes.
    private static final int PAIR = 2 * Panel.ROWS;

    /// Weight rows unpacked at a time.
    private static final int BLOCK = 2 * PAIR;

    /// Rows of activations that stay in the first-level cache, 512 columns of them, while all panels pass.
    private static final int CHUNK = 24;

    private static final int ARGUMENTS = 128;
    private static final int PANELS = ARGUMENTS + PanelKernel.SCRATCH_BYTES;
    private static final int MOST_PANEL_BYTES = Panel.COLS / 32 * (Panel.SCALES + 4 * 32);

    /// Native scratch of a worker: arguments, a unit of 8 rows, the panels of a block.
    private static final int WORKER_BYTES = PANELS + BLOCK / Panel.ROWS * MOST_PANEL_BYTES;

    private final String name;
    private final WeightCode code;
    private final int cols;
    private final MachineCode[] rowKernels;
    private final MachineCode panelKernel;
    private final MachineCode[] tileKernels;
    private final Q8Packing records;

    /// @param rowKernels  for 1 to [RowKernel#MAX_TOKENS] rows of activations
    /// @param tileKernels for [TileKernel#MIN_TOKENS] to [TileKernel#MAX_TOKENS]
    Avx2MatMul(
            String name,
            WeightCode code,
            int cols,
            MachineCode[] rowKernels,
            MachineCode panelKernel,
            MachineCode[] tileKernels,
            Q8Packing records) {
        this.name = name;
        this.code = code;
        this.cols = cols;
        this.rowKernels = rowKernels;
        this.panelKernel = panelKernel;
        this.tileKernels = tileKernels;
        this.records = records;
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public Packing<?> packing(int rows) {
        return records;
    }

    @Override
    public List<Packing<?>> packings() {
        return List.of(records);
    }

    @Override
    public void apply(Worker worker, Tensor w, Activations x, MemorySegment y, int yStride) {
        int rows = w.shape().rows();
        MemorySegment memory = worker.memory(WORKER_BYTES);
        if (x.rows() < TILES_FROM) {
            int grain = PAIR;
            rows(memory, w, worker.from(rows, grain), worker.to(rows, grain), x, y, yStride);
            return;
        }
        int to = worker.to(rows, BLOCK);
        for (int first = worker.from(rows, BLOCK); first < to; first += BLOCK) {
            int last = Math.min(to, first + BLOCK);
            int rest = (last - first) % PAIR;
            block(memory, w, first, last - rest, x, y, yStride);
            rows(memory, w, last - rest, last, x, y, yStride);
        }
    }

    /// Weight rows `[from, to)` with all activations, a strip at a time.
    private void rows(MemorySegment memory, Tensor w, int from, int to, Activations x, MemorySegment y, int yStride) {
        boolean once = x.rows() <= RowKernel.MAX_TOKENS;
        int strip = once ? Math.max(1, to - from) : Math.max(1, STRIP_BYTES / (int) w.rowBytes());
        for (int first = from; first < to; first += strip) {
            strip(memory, w, first, Math.min(to, first + strip), x, y, yStride);
        }
    }

    /// Weight rows `[from, to)` with all activations, as many at a time as a kernel takes.
    private void strip(MemorySegment memory, Tensor w, int from, int to, Activations x, MemorySegment y, int yStride) {
        int n = x.rows();
        int groups = (n + RowKernel.MAX_TOKENS - 1) / RowKernel.MAX_TOKENS;
        MemorySegment weights = w.data().asSlice(from * w.rowBytes(), (to - from) * w.rowBytes());
        long xBytes = Q8Records.rowBytes(cols);
        long yBytes = 4L * yStride;
        for (int group = 0; group < groups; group++) {
            int token = n * group / groups;
            int tokens = n * (group + 1) / groups - token;
            MemorySegment source = x.packed(records).asSlice(token * xBytes, tokens * xBytes);
            MemorySegment target = y.asSlice(token * yBytes + 4L * from, (tokens - 1) * yBytes + 4L * (to - from));
            set(memory, RowArguments.W, weights.address());
            set(memory, RowArguments.ROWS, to - from);
            set(memory, RowArguments.X, source.address());
            set(memory, RowArguments.Y, target.address());
            set(memory, RowArguments.Y_STRIDE, yBytes);
            rowKernels[tokens - 1].call(memory);
        }
    }

    /// Weight rows `[from, to)`, whole pairs of panels, with all activations.
    private void block(MemorySegment memory, Tensor w, int from, int to, Activations x, MemorySegment y, int yStride) {
        int n = x.rows();
        int chunks = (n + CHUNK - 1) / CHUNK;
        for (int col = 0; col < cols && from < to; col += Panel.COLS) {
            int width = Math.min(Panel.COLS, cols - col);
            for (int first = from; first < to; first += Panel.ROWS) {
                unpack(memory, w, first, col, width, panel(memory, first - from));
            }
            set(memory, TileKernel.STEPS, width / Q8Records.STEP);
            set(memory, TileKernel.ADDS, col);
            for (int chunk = 0; chunk < chunks; chunk++) {
                int token = n * chunk / chunks;
                int end = n * (chunk + 1) / chunks;
                for (int first = from; first < to; first += PAIR) {
                    set(memory, TileKernel.PANEL_A, panel(memory, first - from));
                    set(memory, TileKernel.PANEL_B, panel(memory, first - from + Panel.ROWS));
                    tiles(memory, first, x, col, token, end, y, yStride);
                }
            }
        }
    }

    /// Where the panel is that starts so many rows behind the first.
    private static long panel(MemorySegment memory, int rows) {
        return memory.address() + PANELS + (long) rows / Panel.ROWS * MOST_PANEL_BYTES;
    }

    private void unpack(MemorySegment memory, Tensor w, int first, int col, int width, long panel) {
        long rowBytes = w.rowBytes();
        MemorySegment weights = w.data().asSlice(first * rowBytes, Panel.ROWS * rowBytes);
        set(memory, PanelKernel.W, weights.address() + col / code.unitWeights() * (long) code.unitBytes());
        set(memory, PanelKernel.W_STRIDE, rowBytes);
        set(memory, PanelKernel.UNITS, width / code.unitWeights());
        set(memory, PanelKernel.OUT, panel);
        set(memory, PanelKernel.SCRATCH, memory.address() + ARGUMENTS);
        panelKernel.call(memory);
    }

    /// Activations `[token, end)` in tiles of T and, where they do not divide evenly, some of T - 1.
    private void tiles(
            MemorySegment memory, int first, Activations x, int col, int token, int end, MemorySegment y, int yStride) {
        int n = end - token;
        int tiles = (n + TileKernel.MAX_TOKENS - 1) / TileKernel.MAX_TOKENS;
        int smaller = tiles * TileKernel.MAX_TOKENS - n;
        int larger = tiles - smaller;
        int split = token + larger * TileKernel.MAX_TOKENS;
        tiles(memory, first, x, col, token, larger, TileKernel.MAX_TOKENS, y, yStride);
        tiles(memory, first, x, col, split, smaller, TileKernel.MAX_TOKENS - 1, y, yStride);
    }

    private void tiles(
            MemorySegment memory,
            int first,
            Activations x,
            int col,
            int token,
            int tiles,
            int tokens,
            MemorySegment y,
            int yStride) {
        if (tiles == 0) {
            return;
        }
        long xBytes = Q8Records.rowBytes(cols);
        long yBytes = 4L * yStride;
        int count = tiles * tokens;
        MemorySegment source = x.packed(records).asSlice(token * xBytes, count * xBytes);
        MemorySegment target = y.asSlice(token * yBytes + 4L * first, (count - 1) * yBytes + 4L * PAIR);
        set(memory, TileKernel.X, source.address() + (long) col / Q8Records.STEP * Q8Records.BYTES);
        set(memory, TileKernel.X_STRIDE, xBytes);
        set(memory, TileKernel.Y, target.address());
        set(memory, TileKernel.Y_STRIDE, yBytes);
        set(memory, TileKernel.TILES, tiles);
        tileKernels[tokens - TileKernel.MIN_TOKENS].call(memory);
    }

    private static void set(MemorySegment arguments, int at, long value) {
        arguments.set(ValueLayout.JAVA_LONG, at, value);
    }
}
