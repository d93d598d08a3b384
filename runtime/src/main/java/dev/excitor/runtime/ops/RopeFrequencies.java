package dev.excitor.runtime.ops;

/// How fast each pair of channels turns with the position: rotary position embedding (Su et al., 2021) with the
/// variants that llama.cpp knows: frequency factors, linear interpolation and YaRN (Peng et al., 2023). Immutable, one
/// per model.
///
/// Pair i of `rotated / 2` turns by `base^(-2 i / rotated) / factor_i` radians a position before scaling. Angles are
/// computed in double.
public final class RopeFrequencies {

    /// What stretches a model's context.
    public sealed interface Scaling {}

    /// Nothing.
    public record NoScaling() implements Scaling {}

    /// All positions are divided by `factor`.
    public record Linear(float factor) implements Scaling {
        public Linear {
            requirePositive("factor", factor);
        }
    }

    /// Fast pairs turn as they did in training, slow ones are interpolated, those between are mixed; and the rotated
    /// vectors grow a little.
    ///
    /// @param factor          how many times longer than the original context
    /// @param extFactor       how much of the fast pairs' rotation is kept, normally 1
    /// @param attnFactor      multiplies the magnitude, normally 1
    /// @param betaFast        pairs that turn more often than this over the original context keep their speed, normally
    ///                        32
    /// @param betaSlow        pairs that turn less often are interpolated, normally 1
    /// @param originalContext positions the model was trained with
    public record Yarn(
            float factor, float extFactor, float attnFactor, float betaFast, float betaSlow, int originalContext)
            implements Scaling {
        public Yarn {
            requirePositive("factor", factor);
            requirePositive("attention factor", attnFactor);
            requirePositive("beta_fast", betaFast);
            requirePositive("beta_slow", betaSlow);
            requirePositive("original context", originalContext);
            if (!Float.isFinite(extFactor) || extFactor < 0) {
                throw new IllegalArgumentException("a YaRN ext_factor must not be negative, but is " + extFactor);
            }
        }
    }

    private final double[] radians;
    private final double magnitude;

    /// @param rotated channels of a head that turn, even
    /// @param base    the base of the frequencies, such as 10,000
    /// @param factors `rotated / 2` divisors of the frequencies (`rope_freqs.weight`), or none
    public RopeFrequencies(int rotated, float base, float[] factors, Scaling scaling) {
        if (rotated < 2 || rotated % 2 != 0) {
            throw new IllegalArgumentException("the rotated channels must be an even number, not " + rotated);
        }
        requirePositive("frequency base", base);
        if (factors.length != 0 && factors.length != rotated / 2) {
            throw new IllegalArgumentException("%d rotated channels need %d frequency factors, not %d"
                    .formatted(rotated, rotated / 2, factors.length));
        }
        radians = new double[rotated / 2];
        for (int pair = 0; pair < radians.length; pair++) {
            float factor = factors.length == 0 ? 1 : factors[pair];
            requirePositive("frequency factor", factor);
            double unscaled = Math.pow(base, -2.0 * pair / rotated) / factor;
            radians[pair] = switch (scaling) {
                case NoScaling none -> unscaled;
                case Linear linear -> unscaled / linear.factor();
                case Yarn yarn -> {
                    double keep = keep(yarn, rotated, base, pair) * yarn.extFactor();
                    yield unscaled / yarn.factor() * (1 - keep) + unscaled * keep;
                }
            };
        }
        magnitude = switch (scaling) {
            case NoScaling none -> 1;
            case Linear linear -> 1;
            case Yarn yarn ->
                yarn.extFactor() == 0 ? yarn.attnFactor() : yarn.attnFactor() * (1 + 0.1 * Math.log(yarn.factor()));
        };
    }

    /// How much of a pair's own speed YaRN keeps: 1 for fast pairs, 0 for slow ones, a ramp between.
    private static double keep(Yarn yarn, int rotated, float base, int pair) {
        double fast = Math.max(0, Math.floor(pairThatTurns(yarn.betaFast(), yarn, rotated, base)));
        double slow = Math.min(rotated - 1, Math.ceil(pairThatTurns(yarn.betaSlow(), yarn, rotated, base)));
        return 1 - Math.clamp((pair - fast) / Math.max(0.001, slow - fast), 0.0, 1.0);
    }

    /// The pair, not rounded, that turns so many times over the original context.
    private static double pairThatTurns(float turns, Yarn yarn, int rotated, float base) {
        return rotated * Math.log(yarn.originalContext() / (turns * 2 * Math.PI)) / (2 * Math.log(base));
    }

    /// Channels of a head that turn.
    public int rotated() {
        return 2 * radians.length;
    }

    /// The angle a pair turns by from one position to the next.
    public double radians(int pair) {
        return radians[pair];
    }

    /// What rotated vectors are multiplied by, 1 but for YaRN.
    public double magnitude() {
        return magnitude;
    }

    private static void requirePositive(String what, float value) {
        if (!(value > 0) || value == Float.POSITIVE_INFINITY) {
            throw new IllegalArgumentException(
                    "a RoPE %s must be positive and finite, but is %s".formatted(what, value));
        }
    }
}
