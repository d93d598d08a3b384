package dev.excitor.train.decoder;

import dev.excitor.model.arch.Dimensions;
import dev.excitor.model.arch.Linear;
import dev.excitor.model.arch.llama.LlamaConfig;
import dev.excitor.model.arch.llama.LlamaWeights;
import dev.excitor.runtime.kernel.Activations;
import dev.excitor.runtime.kernel.Packing;
import dev.excitor.runtime.ops.RopeTable;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.function.Function;

/// Working memory of one layer at a time, forward and backward, for up to `capacity` tokens.
final class TrainingScratch {

    /// Bytes of logits at a time.
    private static final long LOGIT_BYTES = 64 << 20;

    private static final int LEAST_LOGIT_ROWS = 16;

    final int capacity;
    final int logitRows;
    final MemorySegment x;
    final Activations h;
    final Activations heads;
    final Activations ffn;
    final Activations last;
    final MemorySegment q;
    final MemorySegment rawQ;
    final MemorySegment k;
    final MemorySegment v;
    final MemorySegment y;
    final MemorySegment lastX;
    final MemorySegment dh;
    final MemorySegment dHeads;
    final MemorySegment dFfn;

    /// Results of products, or gradients of such, which go back through the matrices that made them. Gates, what they
    /// let through, and logits give their place to their gradients.
    final Activations gate;

    final Activations up;
    final Activations logits;
    final Activations dx;
    final Activations dq;
    final Activations dk;
    final Activations dv;

    /// Queries and keys as attention meets them in a layer with a block, and their gradients: twice as wide as heads.
    final MemorySegment wideQ;

    final MemorySegment wideK;
    final MemorySegment dWideQ;
    final MemorySegment dWideK;

    final RopeTable angles;

    /// @param lowest     layer that the way back reaches
    /// @param extraHeads heads of the extra key, 0 where there is no adapter
    /// @param packings   the packed forms of activations that the model's kernels may want
    TrainingScratch(
            Arena arena,
            LlamaConfig config,
            LlamaWeights weights,
            int lowest,
            int capacity,
            int extraHeads,
            Collection<Packing<?>> packings) {
        Dimensions dims = config.dims();
        int width = dims.width();
        int headWidth = dims.heads() * dims.valueDim();
        this.capacity = capacity;
        this.logitRows = logitRows(dims, capacity);
        x = floats(arena, capacity, width);
        h = new Activations(arena, capacity, width, packings);
        heads = new Activations(arena, capacity, headWidth, packings);
        ffn = new Activations(arena, capacity, config.ffn(), packings);
        last = new Activations(arena, logitRows, width, packings);
        lastX = floats(arena, logitRows, width);
        q = floats(arena, capacity, dims.queryWidth());
        rawQ = floats(arena, capacity, dims.queryWidth());
        k = floats(arena, capacity, dims.keyWidth());
        v = floats(arena, capacity, dims.valueWidth());
        y = floats(arena, capacity, width);
        dh = floats(arena, capacity, width);
        dHeads = floats(arena, capacity, headWidth);
        dFfn = floats(arena, capacity, config.ffn());
        List<LlamaWeights.Layer> back = weights.layers().subList(lowest, dims.layers());
        gate = new Activations(arena, capacity, config.ffn(), ofGradients(back, LlamaWeights.Layer::gate));
        up = new Activations(arena, capacity, config.ffn(), ofGradients(back, LlamaWeights.Layer::up));
        logits = new Activations(
                arena,
                logitRows,
                dims.vocab(),
                weights.output().gradientPackings().distinct().toList());
        dx = new Activations(
                arena, capacity, width, ofGradients(back, LlamaWeights.Layer::down, LlamaWeights.Layer::o));
        dq = new Activations(arena, capacity, dims.queryWidth(), ofGradients(back, LlamaWeights.Layer::q));
        dk = new Activations(arena, capacity, dims.keyWidth(), ofGradients(back, LlamaWeights.Layer::k));
        dv = new Activations(arena, capacity, dims.valueWidth(), ofGradients(back, LlamaWeights.Layer::v));
        int wideQueries = extraHeads == 0 ? 0 : 2 * dims.queryWidth();
        int wideKeys = 2 * dims.keyDim() * extraHeads;
        wideQ = floats(arena, capacity, wideQueries);
        wideK = floats(arena, capacity, wideKeys);
        dWideQ = floats(arena, capacity, wideQueries);
        dWideK = floats(arena, capacity, wideKeys);
        angles = new RopeTable(arena, weights.frequencies(), capacity);
    }

    /// The packed forms that kernels of some matrices of these layers want of the gradients that they meet.
    @SafeVarargs
    private static List<Packing<?>> ofGradients(
            List<LlamaWeights.Layer> layers, Function<LlamaWeights.Layer, Linear>... matrices) {
        List<Packing<?>> all = new ArrayList<>();
        for (Function<LlamaWeights.Layer, Linear> matrix : matrices) {
            layers.stream().map(matrix).flatMap(Linear::gradientPackings).forEach(all::add);
        }
        return all.stream().distinct().toList();
    }

    /// Rows of logits that are computed at a time.
    static int logitRows(Dimensions dims, int capacity) {
        return (int) Math.min(capacity, Math.max(LEAST_LOGIT_ROWS, LOGIT_BYTES / (4L * dims.vocab())));
    }

    /// Bytes of working memory, without the packed forms of activations that some kernels want.
    static long bytes(LlamaConfig config, int capacity, int extraHeads) {
        Dimensions dims = config.dims();
        long perToken = 5L * dims.width()
                + 2L * dims.heads() * dims.valueDim()
                + 4L * config.ffn()
                + 3L * dims.queryWidth()
                + 2L * dims.keyWidth()
                + 2L * dims.valueWidth()
                + 2L * dims.ropeDim()
                + (extraHeads == 0 ? 0 : 4L * dims.queryWidth())
                + 4L * dims.keyDim() * extraHeads;
        long perLogitRow = (long) dims.vocab() + 2L * dims.width();
        return Float.BYTES * (perToken * capacity + perLogitRow * logitRows(dims, capacity));
    }

    /// Says how many tokens the pass has; by one thread, before the team starts.
    void rows(int n) {
        for (Activations activations : List.of(h, heads, ffn, gate, up, dx, dq, dk, dv)) {
            activations.rows(n);
        }
    }

    static MemorySegment floats(Arena arena, int rows, int cols) {
        return arena.allocate(Math.multiplyExact(4L * rows, (long) cols), 64);
    }
}
