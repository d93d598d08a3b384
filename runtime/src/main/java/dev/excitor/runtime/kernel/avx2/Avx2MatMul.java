package dev.excitor.runtime.kernel.avx2;

import static dev.excitor.runtime.foreign.Addresses.readable;
import static dev.excitor.runtime.foreign.Addresses.writable;

import dev.excitor.runtime.Tensor;
import dev.excitor.runtime.foreign.Arguments;
import dev.excitor.runtime.foreign.MachineCode;
import dev.excitor.runtime.kernel.Activations;
import dev.excitor.runtime.kernel.MatMul;
import dev.excitor.runtime.kernel.Packing;
import dev.excitor.runtime.kernel.x86.CallSequence;
import dev.excitor.runtime.kernel.x86.Q8Packing;
import dev.excitor.runtime.kernel.x86.RowArguments;
import dev.excitor.runtime.team.Worker;
import java.lang.foreign.MemorySegment;
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

    private static final int MOST_PANEL_BYTES = Panel.COLS / 32 * (Panel.SCALES + 4 * 32);

    /// Calls for a run of columns: both panels, and tiles of two sizes.
    private static final int CALLS_OF_RUN = 4;

    private final String name;
    private final WeightCode code;
    private final int cols;
    private final MachineCode[] rowKernels;
    private final MachineCode panelKernel;
    private final MachineCode[] tileKernels;
    private final MachineCode sequence;
    private final OctetPacking octets;
    private final Q8Packing records;
    /// Most calls of a sequence, and what lies behind them in a worker's memory: masks, a unit of 8 rows, two panels.
    private final int most;

    private final int masks;
    private final int scratch;
    private final int panels;
    private final int workerBytes;

    /// @param rowKernels  for 1 to [RowKernel#mostTokens] rows of activations
    /// @param tileKernels for [TileKernel#MIN_TOKENS] to [TileKernel#MAX_TOKENS]
    /// @param sequence    a [CallSequence]
    /// @param octets      what row kernels read
    /// @param records     what tile kernels read
    Avx2MatMul(
            String name,
            WeightCode code,
            int cols,
            MachineCode[] rowKernels,
            MachineCode panelKernel,
            MachineCode[] tileKernels,
            MachineCode sequence,
            OctetPacking octets,
            Q8Packing records) {
        this.name = name;
        this.code = code;
        this.cols = cols;
        this.rowKernels = rowKernels;
        this.panelKernel = panelKernel;
        this.tileKernels = tileKernels;
        this.sequence = sequence;
        this.octets = octets;
        this.records = records;
        this.most = CALLS_OF_RUN * Math.ceilDiv(cols, Panel.COLS);
        this.masks = CallSequence.bytes(most);
        this.scratch = masks + PAIR * Integer.BYTES;
        this.panels = scratch + PanelKernel.SCRATCH_BYTES;
        this.workerBytes = Math.max(RowKernel.ARGUMENT_BYTES, panels + 2 * MOST_PANEL_BYTES);
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
        Arguments memory = worker.arguments(workerBytes);
        if (x.rows() < tilesFrom(code)) {
            rows(memory, w, from, to, x, y, yStride);
        } else {
            int whole = (to - from) / PAIR;
            pairs(memory, w, from, PAIR, whole, x, y, yStride);
            pairs(memory, w, from + whole * PAIR, (to - from) % PAIR, 1, x, y, yStride);
        }
    }

    /// Weight rows `[from, to)` with the few activations, a strip at a time.
    private void rows(Arguments memory, Tensor w, int from, int to, Activations x, MemorySegment y, int yStride) {
        int groups = Math.ceilDiv(x.rows(), rowKernels.length);
        int strip = Math.max(1, groups == 1 ? to - from : STRIP_BYTES / (int) w.rowBytes());
        for (int first = from; first < to; first += strip) {
            strip(memory, w, first, Math.min(to, first + strip), x, groups, y, yStride);
        }
    }

    /// Weight rows `[from, to)` with all activations, a group of them at a time.
    private void strip(
            Arguments memory, Tensor w, int from, int to, Activations x, int groups, MemorySegment y, int yStride) {
        int n = x.rows();
        long weights = readable(w.data(), from * w.rowBytes(), (to - from) * w.rowBytes());
        long xBytes = Q8Octets.rowBytes(cols);
        long yBytes = 4L * yStride;
        for (int group = 0; group < groups; group++) {
            int token = n * group / groups;
            int tokens = n * (group + 1) / groups - token;
            long source = readable(x.packed(octets), token * xBytes, tokens * xBytes);
            long target = writable(y, token * yBytes + 4L * from, (tokens - 1) * yBytes + 4L * (to - from));
            memory.set(RowArguments.W, weights);
            memory.set(RowArguments.ROWS, to - from);
            memory.set(RowArguments.X, source);
            memory.set(RowArguments.Y, target);
            memory.set(RowArguments.Y_STRIDE, yBytes);
            rowKernels[tokens - 1].call(memory);
        }
    }

    /// Up to 16 weight rows from `first` on with all activations, and so many behind them, round after round.
    private void pairs(
            Arguments memory, Tensor w, int first, int rows, int rounds, Activations x, MemorySegment y, int yStride) {
        if (rows == 0 || rounds == 0) {
            return;
        }
        int n = x.rows();
        int all = (rounds - 1) * PAIR + rows;
        long rowBytes = w.rowBytes();
        long xBytes = Q8Records.rowBytes(cols);
        long yBytes = 4L * yStride;
        long weights = readable(w.data(), first * rowBytes, all * rowBytes);
        long source = readable(x.packed(records), 0, n * xBytes);
        long target = writable(y, 4L * first, (n - 1) * yBytes + 4L * all);
        for (int row = 0; row < PAIR && rows < PAIR; row++) {
            memory.setInt(masks + row * Integer.BYTES, row < rows ? -1 : 0);
        }
        // tiles of three activations and, where they do not divide evenly, one or two tiles of two
        int tiles = Math.ceilDiv(n, TileKernel.MAX_TOKENS);
        int smaller = tiles * TileKernel.MAX_TOKENS - n;
        int larger = tiles - smaller;
        int split = larger * TileKernel.MAX_TOKENS;
        int calls = 0;
        for (int col = 0; col < cols; col += Panel.COLS) {
            unpack(memory, calls++, weights, rowBytes, Math.min(Panel.ROWS, rows), col, 0);
            if (rows > Panel.ROWS) {
                unpack(memory, calls++, weights + Panel.ROWS * rowBytes, rowBytes, rows - Panel.ROWS, col, 1);
            }
            if (larger > 0) {
                tiles(memory, calls++, rows, TileKernel.MAX_TOKENS, larger, source, col, target, yBytes);
            }
            if (smaller > 0) {
                long from = source + split * xBytes;
                long to = target + split * yBytes;
                tiles(memory, calls++, rows, TileKernel.MAX_TOKENS - 1, smaller, from, col, to, yBytes);
            }
        }
        CallSequence.run(sequence, memory, calls, rounds);
    }

    /// A call that unpacks a run of columns, of the rows at `weights`, into one of the panels.
    private void unpack(Arguments memory, int call, long weights, long rowBytes, int rows, int col, int panel) {
        int width = Math.min(Panel.COLS, cols - col);
        int at = CallSequence.arguments(call, most);
        CallSequence.put(memory, call, most, panelKernel, PanelKernel.W, PAIR * rowBytes);
        memory.set(at + PanelKernel.W, weights + bytes(col));
        memory.set(at + PanelKernel.W_STRIDE, rowBytes);
        memory.set(at + PanelKernel.LAST_ROW, rows - 1);
        memory.set(at + PanelKernel.UNITS, width / code.unitWeights());
        memory.set(at + PanelKernel.OUT, memory.address() + panels + (long) panel * MOST_PANEL_BYTES);
        memory.set(at + PanelKernel.SCRATCH, memory.address() + scratch);
        memory.set(at + PanelKernel.AHEAD, col + width < cols ? bytes(width) : PAIR * rowBytes - bytes(col));
    }

    /// Bytes of so many columns of a row.
    private long bytes(int columns) {
        return columns / code.unitWeights() * (long) code.unitBytes();
    }

    /// A call that multiplies the panels with so many tiles of activations, which lie at `source`.
    private void tiles(
            Arguments memory,
            int call,
            int rows,
            int tokens,
            int tiles,
            long source,
            int col,
            long target,
            long yBytes) {
        int width = Math.min(Panel.COLS, cols - col);
        int at = CallSequence.arguments(call, most);
        CallSequence.put(memory, call, most, tileKernels[tokens - TileKernel.MIN_TOKENS], TileKernel.Y, 4L * PAIR);
        memory.set(at + TileKernel.PANEL_A, memory.address() + panels);
        memory.set(at + TileKernel.PANEL_B, memory.address() + panels + MOST_PANEL_BYTES);
        memory.set(at + TileKernel.STEPS, width / Q8Records.STEP);
        memory.set(at + TileKernel.X, source + (long) col / Q8Records.STEP * Q8Records.BYTES);
        memory.set(at + TileKernel.X_STRIDE, Q8Records.rowBytes(cols));
        memory.set(at + TileKernel.Y, target);
        memory.set(at + TileKernel.Y_STRIDE, yBytes);
        memory.set(at + TileKernel.TILES, tiles);
        memory.set(at + TileKernel.ADDS, col);
        memory.set(at + TileKernel.MASKS, rows < PAIR ? memory.address() + masks : 0);
    }
}
