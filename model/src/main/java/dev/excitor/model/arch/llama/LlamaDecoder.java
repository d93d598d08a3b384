package dev.excitor.model.arch.llama;

import dev.excitor.model.adapter.KeyBypass;
import dev.excitor.model.arch.Batch;
import dev.excitor.model.arch.Decoder;
import dev.excitor.model.arch.Dimensions;
import dev.excitor.model.arch.Linear;
import dev.excitor.model.arch.Scratch;
import dev.excitor.runtime.Tensor;
import dev.excitor.runtime.format.Blocks;
import dev.excitor.runtime.kernel.Activations;
import dev.excitor.runtime.kernel.Packing;
import dev.excitor.runtime.kv.KvCache;
import dev.excitor.runtime.ops.AttentionWorkspace;
import dev.excitor.runtime.ops.Ops;
import dev.excitor.runtime.ops.RopeLayout;
import dev.excitor.runtime.team.Worker;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// LLaMA: the whole forward pass, top to bottom. Every worker runs these lines and does its share of each step; a
/// barrier stands wherever a step reads what another worker wrote.
public final class LlamaDecoder implements Decoder {

    private final LlamaConfig config;
    private final LlamaWeights weights;
    private final Ops ops;

    LlamaDecoder(LlamaConfig config, LlamaWeights weights, Ops ops) {
        this.config = config;
        this.weights = weights;
        this.ops = ops;
    }

    /// Extents and constants, for training.
    public LlamaConfig config() {
        return config;
    }

    /// All tensors with their kernels, for training.
    public LlamaWeights weights() {
        return weights;
    }

    @Override
    public Dimensions dimensions() {
        return config.dims();
    }

    @Override
    public Scratch newScratch(Arena arena, int batch, AttentionWorkspace workspace) {
        Set<Packing<?>> packings = new LinkedHashSet<>();
        matrices().forEach(matrix -> matrix.linear().packings().forEach(packings::add));
        return new Scratch(arena, config.dims(), config.ffn(), weights.frequencies(), batch, packings, workspace);
    }

    @Override
    public long scratchBytes(int batch) {
        return Scratch.bytes(config.dims(), config.ffn(), batch);
    }

    @Override
    public void forward(Worker w, Batch batch, KvCache kv, KeyBypass bypass, Scratch s) {
        Dimensions dims = config.dims();
        int n = batch.size();
        embed(w, batch, s); //                                                    x      [n, C]
        s.angles().fill(w, kv.length(), n); //                                    angles [n, ropeDim]
        w.barrier();
        for (int l = 0; l < dims.layers(); l++) {
            LlamaWeights.Layer layer = weights.layers().get(l);

            ops.rmsNorm()
                    .apply(w, s.x().data(), layer.attentionNorm(), config.epsilon(), s.h().data(), n, dims.width());
            ready(w, s.h(), layer.q(), layer.k(), layer.v()); //                  h      [n, C]
            layer.q().apply(w, s.h(), s.q()); //                                  q      [n, H, d]
            layer.k().apply(w, s.h(), s.k()); //                                  k      [n, G, d]
            layer.v().apply(w, s.h(), s.v()); //                                  v      [n, G, dv]
            bypass.project(w, l, s); //                                           z      [n, r]
            w.barrier();
            addBiases(w, layer, s);
            interleave(w, s);
            if (bypass.readsRawQuery(l)) {
                bypass.rawQuery(w, l, s);
                w.barrier();
            }
            ops.rope().apply(w, s.q(), n, dims.heads(), dims.keyDim(), s.angles());
            ops.rope().apply(w, s.k(), n, dims.kvHeads(), dims.keyDim(), s.angles());
            w.barrier();
            if (bypass.isActive(l)) {
                bypass.apply(w, l, s); //                                         k <- k + g k'
                w.barrier();
            }
            ops.attention().store(w, kv, l, s.k(), s.v(), n, s.workspace());
            bypass.store(w, l, kv, s);
            w.barrier();
            attend(w, l, kv, bypass.secondTerm(l), s); //                         heads  [n, H, dv]
            ready(w, s.heads(), layer.o());
            layer.o().apply(w, s.heads(), s.y()); //                              y      [n, C]
            w.barrier();
            addResidual(w, layer.o(), s); //                                      x      [n, C]

            ops.rmsNorm().apply(w, s.x().data(), layer.ffnNorm(), config.epsilon(), s.h().data(), n, dims.width());
            ready(w, s.h(), layer.gate(), layer.up(), layer.up()); //             h      [n, C]
            layer.gate().apply(w, s.h(), s.gate()); //                            gate   [n, F]
            layer.up().apply(w, s.h(), s.ffn().data()); //                        ffn    [n, F]
            w.barrier();
            addFfnBiases(w, layer, s);
            ops.swiGlu().apply(w, s.gate(), s.ffn().data(), s.ffn().data(), n, config.ffn());
            ready(w, s.ffn(), layer.down()); //                                   ffn    silu(gate) * up
            layer.down().apply(w, s.ffn(), s.y()); //                             y      [n, C]
            w.barrier();
            addResidual(w, layer.down(), s); //                                   x      [n, C]
        }
    }

    /// Causal attention over the cache, with a second term where the layer's bypass has one.
    private void attend(Worker w, int l, KvCache kv, @Nullable MemorySegment second, Scratch s) {
        MemorySegment out = s.heads().data();
        float scale = config.dims().scoreScale();
        if (second == null) {
            ops.attention().apply(w, s.q(), kv, l, kv.length(), s.n(), scale, out, s.workspace());
        } else {
            ops.attention().applyWithExtra(w, s.q(), second, kv, l, kv.length(), s.n(), scale, out, s.workspace());
        }
    }

    @Override
    public void logits(Worker w, Scratch s, int from, int count) {
        int width = config.dims().width();
        if (w.index() == 0) {
            s.last().rows(count);
            MemorySegment.copy(s.x().data(), 4L * from * width, s.last().data(), 0, 4L * count * width);
        }
        w.barrier();
        ops.rmsNorm()
                .apply(
                        w,
                        s.last().data(),
                        weights.outputNorm(),
                        config.epsilon(),
                        s.last().data(),
                        count,
                        width);
        ready(w, s.last(), weights.output());
        weights.output().apply(w, s.last(), s.logits());
    }

    /// Decodes the rows of the embedding, `x[i] = E[token_i]`.
    private void embed(Worker w, Batch batch, Scratch s) {
        Tensor embedding = weights.embedding();
        int width = config.dims().width();
        float[] row = w.floats(width);
        for (int i = w.from(batch.size(), 1); i < w.to(batch.size(), 1); i++) {
            embedding.format().decode(embedding.data(), batch.token(i) * embedding.rowBytes(), row, 0, width);
            Blocks.copyF32(row, 0, s.x().data(), 4L * i * width, width);
        }
    }

    /// Makes activations ready for the matrices that read them: complete, and packed as their kernels want it.
    private static void ready(Worker w, Activations x, Linear a, Linear b, Linear c) {
        w.barrier();
        if (Linear.pack(w, x, a, b, c)) {
            w.barrier();
        }
    }

    private static void ready(Worker w, Activations x, Linear reader) {
        ready(w, x, reader, reader, reader);
    }

    private void addBiases(Worker w, LlamaWeights.Layer layer, Scratch s) {
        if (layer.q().bias() != null || layer.k().bias() != null || layer.v().bias() != null) {
            addBias(w, layer.q(), s.q(), s.n());
            addBias(w, layer.k(), s.k(), s.n());
            addBias(w, layer.v(), s.v(), s.n());
            w.barrier();
        }
    }

    /// Brings queries and keys into the order in which they turn, where the rows of their matrices lie in another.
    private void interleave(Worker w, Scratch s) {
        RopeLayout layout = config.rope().layout();
        if (layout != RopeLayout.INTERLEAVED) {
            Dimensions dims = config.dims();
            layout.interleave(w, s.q(), s.n(), dims.heads(), dims.keyDim());
            layout.interleave(w, s.k(), s.n(), dims.kvHeads(), dims.keyDim());
            w.barrier();
        }
    }

    private void addFfnBiases(Worker w, LlamaWeights.Layer layer, Scratch s) {
        if (layer.gate().bias() != null || layer.up().bias() != null) {
            addBias(w, layer.gate(), s.gate(), s.n());
            addBias(w, layer.up(), s.ffn().data(), s.n());
            w.barrier();
        }
    }

    private void addResidual(Worker w, Linear linear, Scratch s) {
        if (linear.bias() != null) {
            addBias(w, linear, s.y(), s.n());
            w.barrier();
        }
        ops.add().apply(w, s.x().data(), s.y(), s.n(), config.dims().width());
        w.barrier();
    }

    /// `y[i] += b` for every row.
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

    @Override
    public List<NamedLinear> matrices() {
        List<NamedLinear> all = new ArrayList<>();
        for (LlamaWeights.Layer layer : weights.layers()) {
            all.add(new NamedLinear("attn_q", layer.q()));
            all.add(new NamedLinear("attn_k", layer.k()));
            all.add(new NamedLinear("attn_v", layer.v()));
            all.add(new NamedLinear("attn_output", layer.o()));
            all.add(new NamedLinear("ffn_gate", layer.gate()));
            all.add(new NamedLinear("ffn_up", layer.up()));
            all.add(new NamedLinear("ffn_down", layer.down()));
        }
        all.add(new NamedLinear("output", weights.output()));
        return List.copyOf(all);
    }
}
