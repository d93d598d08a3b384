package dev.excitor.train.ops;

import dev.excitor.runtime.format.Blocks;
import dev.excitor.runtime.ops.Gradients;
import dev.excitor.runtime.team.Worker;
import java.lang.foreign.MemorySegment;

/// The loss of next-token prediction, `-log softmax(logits)[target]`, and its gradient
/// `weight (softmax(logits) - 1[target])`.
public final class CrossEntropy {

    private final Gradients loops;

    public CrossEntropy(Gradients loops) {
        this.loops = loops;
    }

    /// Takes this worker's share of the rows.
    ///
    /// @param logits  `[rows, vocab]`; holds the gradient afterwards
    /// @param targets the token that comes after each row, from index `first` on
    /// @param weight  of a row's loss in the whole
    /// @param losses  receives the loss of each row, without its weight, from index `first` on
    public void apply(
            Worker worker,
            MemorySegment logits,
            int rows,
            int vocab,
            int[] targets,
            int first,
            float weight,
            double[] losses) {
        for (int row = worker.from(rows, 1); row < worker.to(rows, 1); row++) {
            long at = 4L * row * vocab;
            long target = at + 4L * targets[first + row];
            double logSum = loops.logSumExp(logits, at, vocab);
            losses[first + row] = logSum - Blocks.f32(logits, target);
            // what is left of the float's rounding goes with the weight
            loops.exp(logits, at, vocab, (float) logSum);
            float factor = weight * (float) Math.exp((float) logSum - logSum);
            for (int i = 0; i < vocab; i++) {
                Blocks.putF32(logits, at + 4L * i, factor * Blocks.f32(logits, at + 4L * i));
            }
            Blocks.putF32(logits, target, Blocks.f32(logits, target) - weight);
        }
    }

    /// Only the losses; the logits stay.
    public void losses(
            Worker worker, MemorySegment logits, int rows, int vocab, int[] targets, int first, double[] losses) {
        for (int row = worker.from(rows, 1); row < worker.to(rows, 1); row++) {
            long at = 4L * row * vocab;
            losses[first + row] =
                    loops.logSumExp(logits, at, vocab) - Blocks.f32(logits, at + 4L * targets[first + row]);
        }
    }
}
