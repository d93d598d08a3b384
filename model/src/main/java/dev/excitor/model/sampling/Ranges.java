package dev.excitor.model.sampling;

import dev.excitor.runtime.ExcitorException.InvalidOption;

/// The ranges that options may lie in; each method returns the value or throws with the option's name.
final class Ranges {

    private Ranges() {}

    /// A probability: 0 to 1. The comparison is written so that NaN fails it.
    static float fraction(String option, float value) {
        if (!(value >= 0 && value <= 1)) {
            throw new InvalidOption(option, "a number from 0 to 1", value);
        }
        return value;
    }

    static float finite(String option, float value) {
        if (!Float.isFinite(value)) {
            throw new InvalidOption(option, "a finite number", value);
        }
        return value;
    }

    static float positive(String option, float value) {
        if (!(value > 0 && value < Float.POSITIVE_INFINITY)) {
            throw new InvalidOption(option, "a finite number above 0", value);
        }
        return value;
    }

    static float zeroOrPositive(String option, float value) {
        if (!(value >= 0 && value < Float.POSITIVE_INFINITY)) {
            throw new InvalidOption(option, "a finite number, 0 or above", value);
        }
        return value;
    }

    static int within(String option, int value, int from, int to, String expected) {
        if (value < from || value > to) {
            throw new InvalidOption(option, expected, value);
        }
        return value;
    }
}
