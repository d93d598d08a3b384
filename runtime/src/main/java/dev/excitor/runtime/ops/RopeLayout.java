package dev.excitor.runtime.ops;

import dev.excitor.runtime.format.Blocks;
import dev.excitor.runtime.team.Worker;
import java.lang.foreign.MemorySegment;

/// Which channels of a head of d turn together: the order in which the rows of a query or key matrix lie.
///
/// Everything is computed in the interleaved order, whatever that of the rows: dot products of equal queries and keys
/// are then equal bit for bit, and nothing behind the rotation knows of the other one.
public enum RopeLayout {
    /// Pair i is channels 2i and 2i + 1: the order of `llama` in GGUF and of Meta's own files.
    INTERLEAVED,

    /// Pair i is channels i and i + d/2: the order of Hugging Face's files.
    HALF;

    /// Where a channel of the interleaved order lies in this one.
    ///
    /// @param channel  of a row of heads, from 0
    /// @param headSize d, even
    public int source(int channel, int headSize) {
        if (this == INTERLEAVED) {
            return channel;
        }
        int own = channel % headSize;
        return channel - own + own / 2 + (own % 2) * (headSize / 2);
    }

    /// Brings this worker's share of the rows from this order into the interleaved one, in place. The shares are those
    /// of [Rope#apply].
    ///
    /// @param x `[n, heads * headSize]`, native f32
    public void interleave(Worker worker, MemorySegment x, int n, int heads, int headSize) {
        if (this == INTERLEAVED) {
            return;
        }
        int units = n * heads;
        int half = headSize / 2;
        float[] head = worker.floats(headSize);
        for (int unit = worker.from(units, 1); unit < worker.to(units, 1); unit++) {
            long at = 4L * unit * headSize;
            Blocks.copyF32(x, at, head, 0, headSize);
            for (int i = 0; i < half; i++) {
                Blocks.putF32(x, at + 8L * i, head[i]);
                Blocks.putF32(x, at + 8L * i + 4, head[i + half]);
            }
        }
    }
}
