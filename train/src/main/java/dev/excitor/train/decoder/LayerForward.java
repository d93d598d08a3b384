package dev.excitor.train.decoder;

import dev.excitor.model.arch.Dimensions;
import dev.excitor.model.arch.Linear;
import dev.excitor.model.arch.llama.LlamaConfig;
import dev.excitor.model.arch.llama.LlamaWeights;
import dev.excitor.runtime.format.Blocks;
import dev.excitor.runtime.kernel.Activations;
import dev.excitor.runtime.ops.Ops;
import dev.excitor.runtime.team.Worker;
import dev.excitor.train.ops.AttentionGradient;
import dev.excitor.train.ops.Sequences;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/// One layer of a LLaMA, forward, in the pieces that the backward pass makes again. Products, norms and rotations are
/// the runtime's; attention is that of training. Every worker runs these lines, as in the decoder of inference.
final class LayerForward {

    private final LlamaConfig config;
    private final LlamaWeights weights;
    private final Ops ops;
    private final TrainingScratch s;
    private final @Nullable ExcitorAttention excitor;
    private final AttentionGradient plain;
    private final @Nullable AttentionGradient wide;

    LayerForward(
            LlamaConfig config,
            LlamaWeights weights,
            Ops ops,
            TrainingScratch scratch,
            @Nullable ExcitorAttention excitor,
            int extraHeads) {
        Dimensions dims = config.dims();
        this.config = config;
        this.weights = weights;
        this.ops = ops;
        this.s = scratch;
        this.excitor = excitor;
        this.plain = attention(dims.kvHeads(), dims.keyDim());
        this.wide = excitor == null ? null : attention(extraHeads, 2 * dims.keyDim());
    }

    private AttentionGradient attention(int keyHeads, int keyDim) {
        Dimensions dims = config.dims();
        return new AttentionGradient(
                ops.gemm(),
                ops.gradients(),
                new AttentionGradient.Heads(dims.heads(), keyHeads, dims.kvHeads(), keyDim, dims.valueDim()));
    }

    /// The adapter, in a layer where it has a block; null elsewhere.
    @Nullable
    ExcitorAttention excitor(int layer) {
        return excitor != null && excitor.isActive(layer) ? excitor : null;
    }

    /// From x to queries, keys and values as attention takes them: normed, multiplied, rotated, adapted. Ends with a
    /// barrier.
    void attentionInputs(Worker w, int l, Sequences sequences) {
        LlamaWeights.Layer layer = weights.layers().get(l);
        Dimensions dims = config.dims();
        int n = sequences.rows();
        ExcitorAttention active = excitor(l);
        ops.rmsNorm().apply(w, s.x, layer.attentionNorm(), config.epsilon(), s.h.data(), n, dims.width());
        ready(w, s.h, layer.q(), layer.k(), layer.v());
        layer.q().apply(w, s.h, s.q);
        layer.k().apply(w, s.h, s.k);
        layer.v().apply(w, s.h, s.v);
        if (active != null) {
            active.project(w, l, n);
        }
        w.barrier();
        addBias(w, layer.q(), s.q, n);
        addBias(w, layer.k(), s.k, n);
        addBias(w, layer.v(), s.v, n);
        if (active != null && active.readsRawQuery()) {
            w.barrier();
            copyRows(w, s.q, s.rawQ, n, dims.queryWidth());
        }
        w.barrier();
        for (int i = 0; i < sequences.count(); i++) {
            int start = sequences.start(i);
            int length = sequences.end(i) - start;
            MemorySegment q = s.q.asSlice(4L * start * dims.queryWidth());
            MemorySegment k = s.k.asSlice(4L * start * dims.keyWidth());
            ops.rope().apply(w, q, length, dims.heads(), dims.keyDim(), s.angles);
            ops.rope().apply(w, k, length, dims.kvHeads(), dims.keyDim(), s.angles);
        }
        w.barrier();
        if (active != null) {
            active.widen(w, l, sequences);
        } else {
            scale(w, s.q, n, dims.queryWidth(), dims.scoreScale());
        }
        w.barrier();
    }

    /// Attention over what [#attentionInputs] made. Ends with a barrier.
    void attend(Worker w, int l, Sequences sequences, MemorySegment out, MemorySegment logSums) {
        AttentionGradient extended = wide;
        if (extended != null && excitor(l) != null) {
            extended.forward(w, s.wideQ, s.wideK, s.v, sequences, out, logSums);
        } else {
            plain.forward(w, s.q, s.k, s.v, sequences, out, logSums);
        }
        w.barrier();
    }

    /// Back through [#attend], from `dHeads` to the gradients of what [#attentionInputs] made.
    void attendBack(Worker w, int l, Sequences sequences, MemorySegment out, MemorySegment logSums) {
        AttentionGradient extended = wide;
        if (extended != null && excitor(l) != null) {
            extended.backward(
                    w, s.wideQ, s.wideK, s.v, sequences, out, logSums, s.dHeads, s.dWideQ, s.dWideK, s.dv.data());
        } else {
            plain.backward(w, s.q, s.k, s.v, sequences, out, logSums, s.dHeads, s.dq.data(), s.dk.data(), s.dv.data());
        }
        w.barrier();
    }

    /// x += W_o heads. Ends with a barrier.
    void attentionOutput(Worker w, int l, int n) {
        Linear o = weights.layers().get(l).o();
        ready(w, s.heads, o, o, o);
        o.apply(w, s.heads, s.y);
        addResidual(w, o, n);
    }

    /// From x to `gate` and `up`. Ends with a barrier.
    void ffnInputs(Worker w, int l, int n) {
        LlamaWeights.Layer layer = weights.layers().get(l);
        ops.rmsNorm()
                .apply(
                        w,
                        s.x,
                        layer.ffnNorm(),
                        config.epsilon(),
                        s.h.data(),
                        n,
                        config.dims().width());
        ready(w, s.h, layer.gate(), layer.up(), layer.up());
        layer.gate().apply(w, s.h, s.gate.data());
        layer.up().apply(w, s.h, s.up.data());
        w.barrier();
        addBias(w, layer.gate(), s.gate.data(), n);
        addBias(w, layer.up(), s.up.data(), n);
        w.barrier();
    }

    /// x += W_down (silu(gate) up). Ends with a barrier.
    void ffnOutput(Worker w, int l, int n) {
        Linear down = weights.layers().get(l).down();
        activate(w, n);
        ready(w, s.ffn, down, down, down);
        down.apply(w, s.ffn, s.y);
        addResidual(w, down, n);
    }

    /// `ffn = silu(gate) up`.
    void activate(Worker w, int n) {
        ops.swiGlu().apply(w, s.gate.data(), s.up.data(), s.ffn.data(), n, config.ffn());
    }

    private void addResidual(Worker w, Linear linear, int n) {
        w.barrier();
        if (linear.bias() != null) {
            addBias(w, linear, s.y, n);
            w.barrier();
        }
        ops.add().apply(w, s.x, s.y, n, config.dims().width());
        w.barrier();
    }

    /// Makes activations ready for the matrices that read them: complete, and packed as their kernels want it.
    static void ready(Worker w, Activations x, Linear a, Linear b, Linear c) {
        w.barrier();
        if (Linear.pack(w, x, a, b, c)) {
            w.barrier();
        }
    }

    /// Copies this worker's share of the rows.
    static void copyRows(Worker w, MemorySegment from, MemorySegment to, int n, int width) {
        long at = 4L * width * w.from(n, 1);
        MemorySegment.copy(from, at, to, at, 4L * width * w.to(n, 1) - at);
    }

    /// Multiplies this worker's share of the rows.
    static void scale(Worker w, MemorySegment x, int n, int width, float factor) {
        long end = 4L * width * w.to(n, 1);
        for (long at = 4L * width * w.from(n, 1); at < end; at += 4) {
            Blocks.putF32(x, at, factor * Blocks.f32(x, at));
        }
    }

    /// `y[i] += b` for every row; this worker's share of the columns that it made itself.
    private static void addBias(Worker w, Linear linear, MemorySegment y, int n) {
        MemorySegment bias = linear.bias();
        if (bias == null) {
            return;
        }
        int rows = linear.rows();
        for (int i = 0; i < n; i++) {
            for (int row = w.from(rows, 16); row < w.to(rows, 16); row++) {
                long at = 4L * ((long) i * rows + row);
                Blocks.putF32(y, at, Blocks.f32(y, at) + Blocks.f32(bias, 4L * row));
            }
        }
    }
}
