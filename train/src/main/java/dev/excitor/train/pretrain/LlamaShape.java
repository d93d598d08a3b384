package dev.excitor.train.pretrain;

/// The sizes of a LLaMA to be made: grouped-query attention, SwiGLU, and the embedding as output matrix too.
///
/// @param vocabulary tokens
/// @param layers     blocks
/// @param width      numbers in a hidden state
/// @param heads      query heads
/// @param kvHeads    key/value heads; divides `heads`
/// @param headSize   numbers in a head, even
/// @param ffn        width of the feed-forward block
/// @param context    longest text it is trained on, in tokens
record LlamaShape(int vocabulary, int layers, int width, int heads, int kvHeads, int headSize, int ffn, int context) {

    /// Base of the rotary frequencies.
    static final float ROPE_BASE = 10_000;

    /// What keeps the root mean square from zero.
    static final float EPSILON = 1e-5f;

    public LlamaShape {
        int least = Math.min(
                Math.min(Math.min(vocabulary, layers), Math.min(width, heads)),
                Math.min(Math.min(kvHeads, headSize), Math.min(ffn, context)));
        if (least < 1 || heads % kvHeads != 0 || headSize % 2 != 0) {
            throw new IllegalArgumentException(
                    "sizes must be positive, heads a multiple of kvHeads, and headSize even");
        }
    }

    /// Width of all query heads.
    int query() {
        return heads * headSize;
    }

    /// Width of all key or all value heads.
    int keyValue() {
        return kvHeads * headSize;
    }
}
