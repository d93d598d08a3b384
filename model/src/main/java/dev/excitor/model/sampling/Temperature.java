package dev.excitor.model.sampling;

import dev.excitor.runtime.ExcitorException.InvalidOption;

/// `--temp`: divides the logits by t; below 1 sharpens the distribution, above 1 flattens it. The temperature 0 is not
/// a division: it is the pick [Greedy].
///
/// @param t above 0
public record Temperature(float t) implements SamplerStep {

    public Temperature {
        if (check(t) == 0) {
            throw new InvalidOption("--temp", "above 0 where it divides", t);
        }
    }

    static float check(float t) {
        return Ranges.zeroOrPositive("--temp", t);
    }

    @Override
    public void apply(Candidates candidates) {
        candidates.divide(t);
    }
}
