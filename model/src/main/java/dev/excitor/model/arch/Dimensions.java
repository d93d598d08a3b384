package dev.excitor.model.arch;

/// The extents of a decoder-only transformer, with the letters used in shape comments.
///
/// @param layers   N
/// @param width    C, numbers of a hidden state
/// @param heads    H, query heads
/// @param kvHeads  G, key/value heads
/// @param keyDim   d, numbers in a head of q and k
/// @param valueDim numbers in a head of v
/// @param ropeDim  rotated numbers of a head of q and k
/// @param vocab    V
/// @param context  tokens the model was made for
public record Dimensions(
        int layers, int width, int heads, int kvHeads, int keyDim, int valueDim, int ropeDim, int vocab, int context) {

    /// The kv head that query head h reads.
    public int group(int h) {
        return h * kvHeads / heads;
    }

    /// s, the factor of the scores: 1 / sqrt(d).
    public float scoreScale() {
        return (float) (1 / Math.sqrt(keyDim));
    }

    /// H d, numbers in a row of q.
    public int queryWidth() {
        return heads * keyDim;
    }

    /// G d, numbers in a row of k.
    public int keyWidth() {
        return kvHeads * keyDim;
    }

    /// G dv, numbers in a row of v.
    public int valueWidth() {
        return kvHeads * valueDim;
    }
}
