package dev.excitor.train.ops;

import dev.excitor.runtime.format.Blocks;
import dev.excitor.runtime.team.Worker;
import java.lang.foreign.MemorySegment;

/// The way back through `x_i = E[token_i]`, for an embedding that is trained.
public final class EmbeddingGradient {

    private EmbeddingGradient() {}

    /// `dE[token_i] += dx_i`, this worker's share of the columns.
    ///
    /// @param dx `[n, width]`
    /// @param de `[V, width]`
    public static void weights(Worker worker, int[] tokens, int n, MemorySegment dx, int width, MemorySegment de) {
        for (int i = 0; i < n; i++) {
            long row = 4L * tokens[i] * width;
            for (int col = worker.from(width, 16); col < worker.to(width, 16); col++) {
                long at = row + 4L * col;
                Blocks.putF32(de, at, Blocks.f32(de, at) + Blocks.f32(dx, 4 * ((long) i * width + col)));
            }
        }
    }
}
