package dev.excitor.runtime.kernel.avx512;

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
/// A few rows of activations: each weight row meets them as it streams by ([RowKernel]). More: 32 weight rows are
/// unpacked, 512 columns at a time, into [Panel]s that stay in the first-level cache while all activations pass
/// ([TileKernel]). Every address handed over is part of a slice that Java has checked.
final class Avx512MatMul implements MatMul {

    /// From this many activation rows on, panels pay.
    static final int TILES_FROM = RowKernel.MAX_TOKENS + 1;

    private static final int MOST_PANEL_BYTES = Panel.COLS / 64 * (Panel.SCALES + 8 * 64);

    /// Calls for a run of columns: both panels, and tiles of two sizes.
    private static final int CALLS_OF_RUN = 4;

    private static final int PAIR = 2 * Panel.ROWS;

    private final String name;
    private final WeightCode code;
    private final int cols;
    private final MachineCode[] rowKernels;
    private final MachineCode panelKernel;
    private final MachineCode[] tileKernels;
    private final MachineCode sequence;
    private final Q8Packing lanes;
    private final Q8Packing records;
    /// Most calls of a sequence, and what lies behind them in a worker's memory: a unit of 16 rows, two panels.
    private final int most;

    private final int scratch;
    private final int panels;
    private final int workerBytes;

    /// @param rowKernels  for 1 to [RowKernel#MAX_TOKENS] rows of activations
    /// @param tileKernels for [TileKernel#MIN_TOKENS] to [TileKernel#MAX_TOKENS]
    /// @param sequence    a [CallSequence]
    Avx512MatMul(
            String name,
            WeightCode code,
            int cols,
            MachineCode[] rowKernels,
            MachineCode panelKernel,
            MachineCode[] tileKernels,
            MachineCode sequence,
            Q8Packing lanes,
            Q8Packing records) {
        this.name = name;
        this.code = code;
        this.cols = cols;
        this.rowKernels = rowKernels;
        this.panelKernel = panelKernel;
        this.tileKernels = tileKernels;
        this.sequence = sequence;
        this.lanes = lanes;
        this.records = records;
        this.most = CALLS_OF_RUN * Math.ceilDiv(cols, Panel.COLS);
        this.scratch = CallSequence.bytes(most);
        this.panels = scratch + PanelKernel.SCRATCH_BYTES;
        this.workerBytes = panels + 2 * MOST_PANEL_BYTES;
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
            int from = worker.from(rows, PAIR);
            int count = worker.to(rows, PAIR) - from;
            int whole = count / PAIR;
            pairs(worker, w, from, PAIR, whole, x, y, yStride);
            pairs(worker, w, from + whole * PAIR, count % PAIR, 1, x, y, yStride);
        }
    }

    /// Weight rows `[from, to)` with the few activations.
    private void rows(Worker worker, Tensor w, int from, int to, Activations x, MemorySegment y, int yStride) {
        if (from == to) {
            return;
        }
        int n = x.rows();
        long yBytes = 4L * yStride;
        Arguments arguments = worker.arguments(workerBytes);
        arguments.set(RowArguments.W, readable(w.data(), from * w.rowBytes(), (to - from) * w.rowBytes()));
        arguments.set(RowArguments.ROWS, to - from);
        arguments.set(RowArguments.X, readable(x.packed(lanes), 0, (long) n * Q8Lanes.rowBytes(cols)));
        arguments.set(RowArguments.Y, writable(y, 4L * from, (n - 1) * yBytes + 4L * (to - from)));
        arguments.set(RowArguments.Y_STRIDE, yBytes);
        rowKernels[n - 1].call(arguments);
    }

    /// Up to 32 weight rows from `first` on with all activations, and so many behind them, round after round.
    private void pairs(
            Worker worker, Tensor w, int first, int rows, int rounds, Activations x, MemorySegment y, int yStride) {
        if (rows == 0 || rounds == 0) {
            return;
        }
        Arguments memory = worker.arguments(workerBytes);
        int n = x.rows();
        int all = (rounds - 1) * PAIR + rows;
        long rowBytes = w.rowBytes();
        long yBytes = 4L * yStride;
        long weights = readable(w.data(), first * rowBytes, all * rowBytes);
        long source = readable(x.packed(records), 0, records.offset(n, 0, cols, cols));
        long target = writable(y, 4L * first, (n - 1) * yBytes + 4L * all);
        // tiles of T activations and, where they do not divide evenly, some of T - 1
        int tiles = Math.ceilDiv(n, TileKernel.MAX_TOKENS);
        int tokens = Math.ceilDiv(n, tiles);
        int smaller = tiles * tokens - n;
        int larger = tiles - smaller;
        int split = larger * tokens;
        int calls = 0;
        for (int col = 0; col < cols; col += Panel.COLS) {
            unpack(memory, calls++, weights, rowBytes, Math.min(Panel.ROWS, rows), col, 0);
            if (rows > Panel.ROWS) {
                unpack(memory, calls++, weights + Panel.ROWS * rowBytes, rowBytes, rows - Panel.ROWS, col, 1);
            }
            long from = source + records.offset(n, 0, col, cols);
            tiles(memory, calls++, rows, tokens, larger, from, col, target, yBytes);
            if (smaller > 0) {
                from = source + records.offset(n, split, col, cols);
                tiles(memory, calls++, rows, tokens - 1, smaller, from, col, target + split * yBytes, yBytes);
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

    /// A call that multiplies the panels with so many tiles of activations, which begin at `source`.
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
        int rowsA = Math.min(Panel.ROWS, rows);
        int at = CallSequence.arguments(call, most);
        CallSequence.put(memory, call, most, tileKernels[tokens - TileKernel.MIN_TOKENS], TileKernel.Y, 4L * PAIR);
        memory.set(at + TileKernel.PANEL_A, memory.address() + panels);
        memory.set(at + TileKernel.PANEL_B, memory.address() + panels + MOST_PANEL_BYTES);
        memory.set(at + TileKernel.STEPS, width / 64);
        memory.set(at + TileKernel.X, source);
        memory.set(at + TileKernel.X_STRIDE, (long) width / 32 * Q8Records.BYTES);
        memory.set(at + TileKernel.Y, target);
        memory.set(at + TileKernel.Y_STRIDE, yBytes);
        memory.set(at + TileKernel.MASK_A, (1 << rowsA) - 1);
        memory.set(at + TileKernel.MASK_B, (1 << (rows - rowsA)) - 1);
        memory.set(at + TileKernel.TILES, tiles);
        memory.set(at + TileKernel.ADDS, col);
    }
}
