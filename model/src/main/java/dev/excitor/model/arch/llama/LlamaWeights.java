package dev.excitor.model.arch.llama;

import dev.excitor.model.arch.Binder;
import dev.excitor.model.arch.Dimensions;
import dev.excitor.model.arch.Linear;
import dev.excitor.model.arch.Scratch;
import dev.excitor.runtime.ExcitorException;
import dev.excitor.runtime.Shape;
import dev.excitor.runtime.Tensor;
import dev.excitor.runtime.format.Blocks;
import dev.excitor.runtime.kernel.Place;
import dev.excitor.runtime.ops.RopeFrequencies;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// All tensors of a LLaMA, checked and bound to their kernels.
///
/// @param embedding   [V, C]
/// @param layers      from the bottom up
/// @param outputNorm  [C]
/// @param output      [V, C], or the embedding's own numbers when the file has no output matrix
/// @param frequencies how fast each rotated pair turns
public record LlamaWeights(
        Tensor embedding, List<Layer> layers, MemorySegment outputNorm, Linear output, RopeFrequencies frequencies) {

    /// @param attentionNorm [C]
    /// @param q             [H d, C]
    /// @param k             [G d, C]
    /// @param v             [G dv, C]
    /// @param o             [C, H dv]
    /// @param ffnNorm       [C]
    /// @param gate          [F, C]
    /// @param up            [F, C]
    /// @param down          [C, F]
    public record Layer(
            MemorySegment attentionNorm,
            Linear q,
            Linear k,
            Linear v,
            Linear o,
            MemorySegment ffnNorm,
            Linear gate,
            Linear up,
            Linear down) {}

    static LlamaWeights bind(Binder binder, LlamaConfig config) {
        Dimensions c = config.dims();
        Tensor embedding = binder.require("token_embd.weight", new Shape(c.vocab(), c.width()));
        List<Layer> layers = new ArrayList<>();
        for (int l = 0; l < c.layers(); l++) {
            String blk = "blk." + l + ".";
            Place place = Place.inLayer(l, c.layers());
            layers.add(new Layer(
                    binder.vector(blk + "attn_norm.weight", c.width()),
                    binder.linear(blk + "attn_q", c.queryWidth(), c.width(), place),
                    binder.linear(blk + "attn_k", c.keyWidth(), c.width(), place),
                    binder.linear(blk + "attn_v", c.valueWidth(), c.width(), place),
                    binder.linear(blk + "attn_output", c.width(), c.heads() * c.valueDim(), place),
                    binder.vector(blk + "ffn_norm.weight", c.width()),
                    binder.linear(blk + "ffn_gate", config.ffn(), c.width(), place),
                    binder.linear(blk + "ffn_up", config.ffn(), c.width(), place),
                    binder.linear(blk + "ffn_down", c.width(), config.ffn(), place)));
        }
        Optional<Tensor> output = binder.find("output.weight", new Shape(c.vocab(), c.width()));
        return new LlamaWeights(
                embedding,
                List.copyOf(layers),
                binder.vector("output_norm.weight", c.width()),
                binder.linear(output.orElse(embedding), null, Place.output(c.layers(), Scratch.LOGIT_ROWS)),
                frequencies(binder, config));
    }

    private static RopeFrequencies frequencies(Binder binder, LlamaConfig config) {
        int pairs = config.dims().ropeDim() / 2;
        float[] factors = binder.findVector("rope_freqs.weight", pairs)
                .map(segment -> {
                    float[] numbers = new float[pairs];
                    Blocks.copyF32(segment, 0, numbers, 0, pairs);
                    return numbers;
                })
                .orElse(new float[0]);
        for (float factor : factors) {
            if (!(factor > 0) || factor == Float.POSITIVE_INFINITY) {
                throw new ExcitorException.Mismatch(
                        "the tensor rope_freqs.weight", "finite positive divisors", String.valueOf(factor));
            }
        }
        return config.rope().frequencies(config.dims().ropeDim(), factors);
    }
}
