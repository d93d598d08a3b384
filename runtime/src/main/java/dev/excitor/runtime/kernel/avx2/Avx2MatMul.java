package dev.excitor.runtime.kernel.avx2;

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
/// A few rows of activations: each weight row meets them as it streams by ([RowKernel]). More: 16 weight rows are
/// unpacked, 512 columns at a time, into two [Panel]s that stay in the first-level cache while all activations pass
/// ([TileKernel]). Every address handed over is part of a slice that Java has checked.
///
/// Both pay: measured on one thread of an EPYC (Zen 3), with weights in its second-level cache, in billions of
/// multiplications and additions a second:
///
/// ```text
///                               Q4_0   Q4_K   Q6_K   Q8_0
/// 1 activation    rows            59     60     39     45
/// 2 activations   rows           109     86     55     56
///                 tiles           40     35     41     30
/// 4 activations   rows           106     76     56     61
///                 tiles           52     48     48     43
/// 512             tiles          136    129    117     97
/// ```
final class Avx2MatMul implements MatMul {

    /// From this many activation rows on, panels pay; later where weights are signed, see [TileKernel].
    private static final int TILES_FROM = 5;

    private static final int SIGNED_TILES_FROM = 7;

    /// Most rows of activations that any format takes without panels.
    static final int MOST_ROWS = SIGNED_TILES_FROM - 1;

    /// Weight bytes that stay in the second-level cache when several groups of activations meet them.
    private static final int STRIP_BYTES = 1 << 16;

    /// Weight rows that a tile takes.
    private static final int PAIR = 2 * Panel.ROWS;

    private static final int ARGUMENTS = 128;
    private static final int MASKS = ARGUMENTS;
    private static final int SCRATCH = MASKS + PAIR * Integer.BYTES;
    private static final int PANELS = SCRATCH + PanelKernel.SCRATCH_BYTES;
    private static final int MOST_PANEL_BYTES = Panel.COLS / 32 * (Panel.SCALES + 4 * 32);

    /// Native scratch of a worker: arguments, masks, a unit of 8 rows, two panels; or what row kernels take.
    private static final int WORKER_BYTES = Math.max(RowKernel.ARGUMENT_BYTES, PANELS + 2 * MOST_PANEL_BYTES);

    private final String name;
    private final WeightCode code;
    private final int cols;
    private final MachineCode[] rowKernels;
    private final MachineCode panelKernel;
    private final MachineCode[] tileKernels;
    private final OctetPacking octets;
    private final Q8Packing records;

    /// @param rowKernels  for 1 to [RowKernel#mostTokens] rows of activations
    /// @param tileKernels for [TileKernel#MIN_TOKENS] to [TileKernel#MAX_TOKENS]
    /// @param octets      what row kernels read
    /// @param records     what tile kernels read
    Avx2MatMul(
            String name,
            WeightCode code,
            int cols,
            MachineCode[] rowKernels,
            MachineCode panelKernel,
            MachineCode[] tileKernels,
            OctetPacking octets,
            Q8Packing records) {
        this.name = name;
        this.code = code;
        this.cols = cols;
        this.rowKernels = rowKernels;
        this.panelKernel = panelKernel;
        this.tileKernels = tileKernels;
        this.octets = octets;
        this.records = records;
    }

    private static int tilesFrom(WeightCode code) {
        return code.signed() ? SIGNED_TILES_FROM : TILES_FROM;
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public Packing<?> packing(int rows) {
        return rows < tilesFrom(code) ? octets : records;
    }

    @Override
    public List<Packing<?>> packings() {
        return List.of(octets, records);
    }

    @Override
    public void apply(Worker worker, Tensor w, Activations x, MemorySegment y, int yStride) {
        int rows = w.shape().rows();
        int from = worker.from(rows, PAIR);
        int to = worker.to(rows, PAIR);
        MemorySegment memory = worker.memory(WORKER_BYTES);
        if (x.rows() < tilesFrom(code)) {
            rows(memory, w, from, to, x, y, yStride);
        } else {
            for (int first = from; first < to; first += PAIR) {
                pair(memory, w, first, Math.min(PAIR, to - first), x, y, yStride);
            }
        }
    }

    /// Weight rows `[from, to)` with the few activations, a strip at a time.
    private void rows(MemorySegment memory, Tensor w, int from, int to, Activations x, MemorySegment y, int yStride) {
        int groups = Math.ceilDiv(x.rows(), rowKernels.length);
        int strip = Math.max(1, groups == 1 ? to - from : STRIP_BYTES / (int) w.rowBytes());
        for (int first = from; first < to; first += strip) {
            strip(memory, w, first, Math.min(to, first + strip), x, groups, y, yStride);
        }
    }

    /// Weight rows `[from, to)` with all activations, a group of them at a time.
    private void strip(
            MemorySegment memory, Tensor w, int from, int to, Activations x, int groups, MemorySegment y, int yStride) {
        int n = x.rows();
        long weights = readable(w.data(), from * w.rowBytes(), (to - from) * w.rowBytes());
        long xBytes = Q8Octets.rowBytes(cols);
        long yBytes = 4L * yStride;
        for (int group = 0; group < groups; group++) {
            int token = n * group / groups;
            int tokens = n * (group + 1) / groups - token;
            long source = readable(x.packed(octets), token * xBytes, tokens * xBytes);
            long target = writable(y, token * yBytes + 4L * from, (tokens - 1) * yBytes + 4L * (to - from));
            set(memory, RowArguments.W, weights);
            set(memory, RowArguments.ROWS, to - from);
            set(memory, RowArguments.X, source);
            set(memory, RowArguments.Y, target);
            set(memory, RowArguments.Y_STRIDE, yBytes);
            rowKernels[tokens - 1].call(memory);
        }
    }

    /// Up to 16 weight rows with all activations.
    private void pair(
            MemorySegment memory, Tensor w, int first, int rows, Activations x, MemorySegment y, int yStride) {
        int rowsB = rows - Panel.ROWS;
        for (int row = 0; row < PAIR && rows < PAIR; row++) {
            memory.set(ValueLayout.JAVA_INT, MASKS + row * Integer.BYTES, row < rows ? -1 : 0);
        }
        for (int col = 0; col < cols; col += Panel.COLS) {
            int width = Math.min(Panel.COLS, cols - col);
            unpack(memory, w, first, Math.min(Panel.ROWS, rows), col, width, 0);
            if (rowsB > 0) {
                unpack(memory, w, first + Panel.ROWS, rowsB, col, width, 1);
            }
            set(memory, TileKernel.PANEL_A, memory.address() + PANELS);
            set(memory, TileKernel.PANEL_B, memory.address() + PANELS + MOST_PANEL_BYTES);
            set(memory, TileKernel.STEPS, width / Q8Records.STEP);
            set(memory, TileKernel.MASKS, rows < PAIR ? memory.address() + MASKS : 0);
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
        set(memory, PanelKernel.SCRATCH, memory.address() + SCRATCH);
        set(memory, PanelKernel.AHEAD, col + width < cols ? bytes(width) : PAIR * rowBytes - at);
        panelKernel.call(memory);
    }

    /// Bytes of so many columns of a row.
    private long bytes(int columns) {
        return columns / code.unitWeights() * (long) code.unitBytes();
    }

    /// All activations in tiles of three and, where they do not divide evenly, one or two tiles of two.
    private void tiles(
            MemorySegment memory, int first, int rows, Activations x, int col, MemorySegment y, int yStride) {
        int n = x.rows();
        int tiles = (n + TileKernel.MAX_TOKENS - 1) / TileKernel.MAX_TOKENS;
        int smaller = tiles * TileKernel.MAX_TOKENS - n;
        int larger = tiles - smaller;
        int split = larger * TileKernel.MAX_TOKENS;
        tiles(memory, first, rows, x, col, 0, TileKernel.MAX_TOKENS, larger, y, yStride);
        tiles(memory, first, rows, x, col, split, TileKernel.MAX_TOKENS - 1, smaller, y, yStride);
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
        if (tiles == 0) {
            return;
        }
        long xBytes = Q8Records.rowBytes(cols);
        long yBytes = 4L * yStride;
        int count = tiles * tokens;
        long source = readable(x.packed(records), token * xBytes, count * xBytes);
        long target = writable(y, token * yBytes + 4L * first, (count - 1) * yBytes + 4L * rows);
        set(memory, TileKernel.X, source + (long) col / Q8Records.STEP * Q8Records.BYTES);
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
