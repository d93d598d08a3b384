package dev.excitor.model.adapter;

/// The weights of one layer's Excitor block, decoded to f32 and laid out for use: a few hundred kilobytes on the heap.
///
/// @param prompt P, `[innerHeads][K][D]`: the prompts, keys and values at once, each head's slice contiguous
/// @param down   W_down, `[r][C]`
/// @param upT    W_up transposed, `[r][E]`
/// @param gate   g of every query head, `[H]`, after its activation, before the adapter's scale
record ExcitorLayer(float[] prompt, float[] down, float[] upT, float[] gate) {}
