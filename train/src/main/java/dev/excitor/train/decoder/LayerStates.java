package dev.excitor.train.decoder;

import dev.excitor.model.arch.Dimensions;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/// What the forward pass leaves for the backward pass: of each layer from the lowest trained one on, and of each token,
/// the hidden state before attention and before the feed-forward network, what attention returned, and one number per
/// query head. Everything else is made again when it is needed, with the products of q, k, v, gate and up; those of the
/// output of attention and of down are not.
final class LayerStates {

    private final int lowest;
    private final MemorySegment[] x;
    private final MemorySegment[] middle;
    private final MemorySegment[] heads;
    private final MemorySegment[] logSums;

    LayerStates(Arena arena, Dimensions dims, int lowest, int capacity) {
        this.lowest = lowest;
        int layers = dims.layers() - lowest;
        x = new MemorySegment[layers];
        middle = new MemorySegment[layers];
        heads = new MemorySegment[layers];
        logSums = new MemorySegment[layers];
        for (int i = 0; i < layers; i++) {
            x[i] = TrainingScratch.floats(arena, capacity, dims.width());
            middle[i] = TrainingScratch.floats(arena, capacity, dims.width());
            heads[i] = TrainingScratch.floats(arena, capacity, dims.heads() * dims.valueDim());
            logSums[i] = TrainingScratch.floats(arena, capacity, dims.heads());
        }
    }

    /// Bytes that a token takes.
    static long bytesPerToken(Dimensions dims, int lowest) {
        long numbers = 2L * dims.width() + (long) dims.heads() * dims.valueDim() + dims.heads();
        return Float.BYTES * numbers * (dims.layers() - lowest);
    }

    boolean keeps(int layer) {
        return layer >= lowest;
    }

    /// `[n, C]`, the hidden state that a layer receives.
    MemorySegment x(int layer) {
        return x[layer - lowest];
    }

    /// `[n, C]`, the hidden state between attention and the feed-forward network.
    MemorySegment middle(int layer) {
        return middle[layer - lowest];
    }

    /// `[n, H dv]`, what attention returned.
    MemorySegment heads(int layer) {
        return heads[layer - lowest];
    }

    /// `[n, H]`, see [dev.excitor.train.ops.AttentionGradient].
    MemorySegment logSums(int layer) {
        return logSums[layer - lowest];
    }
}
