package dev.excitor.train;

import dev.excitor.runtime.ExcitorException;
import dev.excitor.train.adapter.ExcitorParameters;

/// AdamW (Loshchilov and Hutter, 2019), with moments in f32 and one thread, so that a step is the same everywhere:
///
/// ```text
/// m <- b1 m + (1 - b1) g      v <- b2 v + (1 - b2) g^2
/// p <- p - lr (m / (1 - b1^t) / (sqrt(v / (1 - b2^t)) + eps) + decay p)
/// ```
///
/// Matrices decay; gates do not, since a gate of 0 is no adapter at all and not a simpler one.
public final class AdamW {

    private final Settings settings;
    private final float[] m;
    private final float[] v;
    private int step;

    /// @param beta1   of the mean
    /// @param beta2   of the mean square
    /// @param epsilon in the denominator
    /// @param decay   weight decay
    public record Settings(float beta1, float beta2, float epsilon, float decay) {
        public Settings {
            if (!(beta1 >= 0 && beta1 < 1) || !(beta2 >= 0 && beta2 < 1)) {
                throw new ExcitorException.InvalidOption(
                        "the betas of AdamW", "at least 0 and below 1", beta1 + " and " + beta2);
            }
            if (!(epsilon > 0) || !(decay >= 0) || !Float.isFinite(epsilon + decay)) {
                throw new ExcitorException.InvalidOption(
                        "AdamW's epsilon and weight decay", "finite and not negative", epsilon + " and " + decay);
            }
        }

        /// Those of the parent method: betas 0.9 and 0.95, weight decay 0.02.
        public static Settings defaults() {
            return new Settings(0.9f, 0.95f, 1e-8f, 0.02f);
        }
    }

    AdamW(Settings settings, int size) {
        this.settings = settings;
        this.m = new float[size];
        this.v = new float[size];
    }

    /// Moves every parameter against its gradient.
    ///
    /// @param factor of every gradient, as clipping has it
    void step(ExcitorParameters parameters, double learningRate, double factor) {
        step++;
        double first = 1 - Math.pow(settings.beta1, step);
        double second = 1 - Math.pow(settings.beta2, step);
        for (ExcitorParameters.Part part : parameters.parts()) {
            double decay = part.kind() == ExcitorParameters.Kind.GATE ? 0 : settings.decay;
            for (int i = part.at(); i < part.at() + part.size(); i++) {
                double g = parameters.gradient(i) * factor;
                m[i] = (float) (settings.beta1 * m[i] + (1 - settings.beta1) * g);
                v[i] = (float) (settings.beta2 * v[i] + (1 - settings.beta2) * g * g);
                double direction = m[i] / first / (Math.sqrt(v[i] / second) + settings.epsilon);
                double value = parameters.value(i);
                parameters.value(i, (float) (value - learningRate * (direction + decay * value)));
            }
        }
    }

    int steps() {
        return step;
    }

    float[] means() {
        return m;
    }

    float[] meanSquares() {
        return v;
    }

    /// Goes on from an earlier state; the moments have been filled in.
    void resume(int steps) {
        step = steps;
    }
}
