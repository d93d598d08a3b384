package dev.excitor.train.pretrain;

import dev.excitor.runtime.format.Blocks;
import dev.excitor.runtime.team.Worker;
import dev.excitor.train.pretrain.LlamaParameters.Part;
import java.lang.foreign.MemorySegment;

/// The optimizer: steps along the running mean of the gradient over the root of its running square, with a decay of the
/// matrices, not of the norms' gains.
///
/// Ilya Loshchilov and Frank Hutter, "Decoupled Weight Decay Regularization", 2019.
final class AdamW {

    private static final float BETA1 = 0.9f;
    private static final float BETA2 = 0.98f;
    private static final float EPSILON = 1e-9f;
    private static final float DECAY = 0.05f;

    /// The longest gradient that is followed as it is.
    private static final double CLIP = 1;

    private final LlamaParameters parameters;
    private final float[] mean;
    private final float[] square;
    private final double[] norms;
    private int steps;

    /// @param workers how many will call [#step] together
    AdamW(LlamaParameters parameters, int workers) {
        this.parameters = parameters;
        mean = new float[parameters.size()];
        square = new float[parameters.size()];
        norms = new double[workers];
    }

    /// Takes one step and clears the gradients; every worker of a team calls it, and each moves its share of the
    /// weights.
    void step(Worker worker, double rate) {
        int from = worker.from(parameters.size(), 16);
        int to = worker.to(parameters.size(), 16);
        norms[worker.index()] = sumOfSquares(from, to);
        if (worker.index() == 0) {
            steps++;
        }
        worker.barrier();
        double sum = 0;
        for (double part : norms) {
            sum += part;
        }
        float clip = (float) Math.min(1, CLIP / Math.sqrt(sum));
        float corrected = (float) (rate / (1 - Math.pow(BETA1, steps)));
        float correction = (float) (1 / (1 - Math.pow(BETA2, steps)));
        for (Part part : parameters.parts()) {
            int first = Math.max(from, part.at());
            int last = Math.min(to, part.at() + part.size());
            float keep = part.isMatrix() ? (float) (1 - rate * DECAY) : 1;
            move(first, last, clip, corrected, correction, keep);
        }
    }

    private void move(int from, int to, float clip, float corrected, float correction, float keep) {
        MemorySegment weights = parameters.weights();
        MemorySegment gradients = parameters.gradients();
        for (int i = from; i < to; i++) {
            float g = Blocks.f32(gradients, 4L * i) * clip;
            float m = BETA1 * mean[i] + (1 - BETA1) * g;
            float v = BETA2 * square[i] + (1 - BETA2) * g * g;
            mean[i] = m;
            square[i] = v;
            float step = corrected * m / ((float) Math.sqrt(v * correction) + EPSILON);
            Blocks.putF32(weights, 4L * i, Blocks.f32(weights, 4L * i) * keep - step);
            Blocks.putF32(gradients, 4L * i, 0);
        }
    }

    private double sumOfSquares(int from, int to) {
        MemorySegment gradients = parameters.gradients();
        double sum = 0;
        for (int i = from; i < to; i++) {
            double g = Blocks.f32(gradients, 4L * i);
            sum += g * g;
        }
        return sum;
    }
}
