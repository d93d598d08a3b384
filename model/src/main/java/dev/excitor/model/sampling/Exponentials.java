package dev.excitor.model.sampling;

/// The numerator of a softmax, in arithmetic that gives the same bits on every machine.
///
/// `Math.exp` may be off by one ulp in a way that depends on the processor; `StrictMath.exp` may not, but takes 12 ns a
/// number, which is 1.6 ms for the vocabulary of Llama 3. Here only IEEE additions and multiplications in a written
/// order are used, which Java rounds exactly everywhere, in loops that the compiler can vectorize without changing
/// them.
///
/// `exp(x) = 2^n exp(r)`, `n = round(x / ln 2)`, `|r| <= ln 2 / 2`, with ln 2 in two parts (Cody and Waite) and the
/// Taylor polynomial of degree 13 in Estrin's form; within 3 ulp of the true value.
final class Exponentials {

    /// What lies further below the largest logit than this has no weight: exp(-700) is 1e-304.
    static final double CUTOFF = -700;

    private static final double LOG2_E = 0x1.71547652b82fep0;
    private static final double LN2_HIGH = 0x1.62e42feep-1;
    private static final double LN2_LOW = 0x1.a39ef35793c76p-33;

    /// Added to a small number, leaves its nearest integer in the lowest bits: the spacing of doubles there is 1.
    private static final double ROUNDER = 0x1.8p52;

    private static final double C2 = 1.0 / 2;
    private static final double C3 = 1.0 / 6;
    private static final double C4 = 1.0 / 24;
    private static final double C5 = 1.0 / 120;
    private static final double C6 = 1.0 / 720;
    private static final double C7 = 1.0 / 5_040;
    private static final double C8 = 1.0 / 40_320;
    private static final double C9 = 1.0 / 362_880;
    private static final double C10 = 1.0 / 3_628_800;
    private static final double C11 = 1.0 / 39_916_800;
    private static final double C12 = 1.0 / 479_001_600;
    private static final double C13 = 1.0 / 6_227_020_800.0;

    private Exponentials() {}

    /// Sets `weights[i] = exp(logits[i] - max)` for the first `count` numbers, none of which is above `max`.
    ///
    /// @return the sum of the weights, added in order of the index
    static double fill(float[] logits, int count, float max, double[] weights) {
        for (int i = 0; i < count; i++) {
            double x = Math.max((double) logits[i] - max, CUTOFF);
            double n = x * LOG2_E + ROUNDER - ROUNDER;
            double r = x - n * LN2_HIGH - n * LN2_LOW;
            double r2 = r * r;
            double r4 = r2 * r2;
            double low = 1 + r + r2 * (C2 + r * C3) + r4 * (C4 + r * C5 + r2 * (C6 + r * C7));
            double high = C8 + r * C9 + r2 * (C10 + r * C11) + r4 * (C12 + r * C13);
            weights[i] = low + r4 * r4 * high;
        }
        double sum = 0;
        for (int i = 0; i < count; i++) {
            double x = (double) logits[i] - max;
            double weight = x < CUTOFF ? 0 : weights[i] * powerOfTwo(x * LOG2_E + ROUNDER);
            weights[i] = weight;
            sum += weight;
        }
        return sum;
    }

    /// 2^n for an n that was rounded by adding [#ROUNDER]: n stands in the lowest bits and moves to the exponent's.
    private static double powerOfTwo(double rounded) {
        return Double.longBitsToDouble((Double.doubleToRawLongBits(rounded) + 1023) << 52);
    }
}
