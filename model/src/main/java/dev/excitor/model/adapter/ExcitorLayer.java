package dev.excitor.model.adapter;

import dev.excitor.runtime.ops.ExtraKeys;

/// The weights of one layer's Excitor block, decoded to f32: a few hundred kilobytes on the heap.
///
/// @param block P, W_down and W_up
/// @param gate  g of every query head, `[H]`, after its activation, before the adapter's scale
record ExcitorLayer(ExtraKeys.Block block, float[] gate) {}
