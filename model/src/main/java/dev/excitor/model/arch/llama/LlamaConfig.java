package dev.excitor.model.arch.llama;

import dev.excitor.model.arch.Dimensions;
import dev.excitor.model.arch.Settings;
import dev.excitor.runtime.checkpoint.Checkpoint;
import dev.excitor.runtime.ops.RopeLayout;

/// The extents and constants of a LLaMA.
///
/// @param dims    the extents every decoder has
/// @param ffn     F, `llama.feed_forward_length`
/// @param epsilon under the root of every norm
/// @param rope    how positions become angles
public record LlamaConfig(Dimensions dims, int ffn, float epsilon, RopeSettings rope) {

    private static final int MAX_LAYERS = 512;
    private static final int MAX_HEADS = 1024;
    private static final int MAX_HEAD_DIM = 1024;
    private static final int MAX_WIDTH = 1 << 17;
    private static final int MAX_FFN = 1 << 19;
    private static final int MAX_CONTEXT = 1 << 28;

    static LlamaConfig of(Checkpoint checkpoint, int vocab) {
        Settings s = new Settings(checkpoint, "llama");
        int layers = s.integer("block_count", 1, MAX_LAYERS);
        int width = s.integer("embedding_length", 1, MAX_WIDTH);
        int heads = s.integer("attention.head_count", 1, MAX_HEADS);
        int kvHeads = s.integerOr("attention.head_count_kv", heads, 1, heads);
        if (heads % kvHeads != 0) {
            throw s.malformed(
                    "attention.head_count_kv", "a divisor of the " + heads + " heads", String.valueOf(kvHeads));
        }
        if (!s.has("attention.key_length") && width % heads != 0) {
            throw s.malformed("embedding_length", "a multiple of the " + heads + " heads", String.valueOf(width));
        }
        int keyDim = s.integerOr("attention.key_length", width / heads, 1, MAX_HEAD_DIM);
        int valueDim = s.integerOr("attention.value_length", keyDim, 1, MAX_HEAD_DIM);
        int ropeDim = s.integerOr("rope.dimension_count", keyDim, 1, keyDim);
        if (ropeDim % 2 != 0) {
            throw s.malformed("rope.dimension_count", "an even number", String.valueOf(ropeDim));
        }
        if (s.has("vocab_size")) {
            s.integer("vocab_size", vocab, vocab);
        }
        int context = s.integer("context_length", 1, MAX_CONTEXT);
        RopeSettings rope = RopeSettings.of(s, context);
        if (rope.layout() != RopeLayout.INTERLEAVED && ropeDim != keyDim) {
            throw s.malformed(
                    "rope.dimension_count", "%d, as rope.layout is half".formatted(keyDim), String.valueOf(ropeDim));
        }
        Dimensions dims = new Dimensions(layers, width, heads, kvHeads, keyDim, valueDim, ropeDim, vocab, context);
        return new LlamaConfig(
                dims,
                s.integer("feed_forward_length", 1, MAX_FFN),
                s.positive("attention.layer_norm_rms_epsilon"),
                rope);
    }
}
