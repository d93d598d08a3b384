package dev.excitor.runtime.format.superblock;

import dev.excitor.runtime.format.Blocks;
import java.util.Arrays;

/// Searches for the scale with which a run of numbers is best written as `scale * code`.
///
/// All three minimise the squared error weighted by x², so that large numbers, which matter most in a product, come out
/// best. For fixed codes the best scale is `sum w x code / sum w code²`, and the error it leaves is smallest where
/// `(sum w x code)² / sum w code²` is largest: that quotient is what candidates are compared by, multiplied out. Steps,
/// ranges and the order of additions are those of GGML's reference quantizers, so that the same codes come out.
public final class ScaleSearch {

    /// Runs whose numbers are all smaller than this count as zeros.
    static final float ZERO = 1e-15f;

    /// The largest f16. For numbers below it the sums of all searches are finite; vectors take no others.
    static final float LARGE = 65_504;

    /// Scales that [#sweep] tries.
    static final int SWEEPS = 19;

    /// Scales that [#codebook] tries.
    static final int ATTEMPTS = 16;

    /// Rounds of [#refine], at most.
    static final int ROUNDS = 5;

    private ScaleSearch() {}

    /// The nearest integer, ties to even, within `[low, high]`; 0 (or the bound next to it) for NaN.
    public static int nearest(float value, int low, int high) {
        return Math.clamp((long) Math.rint(value), low, high);
    }

    /// Tries nineteen scales around the one that takes the largest number to the end of the range.
    ///
    /// @param levels codes are in `[-levels, levels - 1]`
    /// @param codes  receives `count` codes from index `at`
    public static float sweep(float[] x, int from, int count, int levels, int[] codes, int at) {
        float largest = Blocks.largest(x, from, count);
        if (Math.abs(largest) < ZERO) {
            Arrays.fill(codes, at, at + count, -levels);
            return 0;
        }
        float scale = 0;
        float best = 0;
        for (int attempt = 0; attempt < SWEEPS; attempt++) {
            float inverse = stretched(levels, attempt) / largest;
            float sumXc = 0;
            float sumCc = 0;
            for (int i = from; i < from + count; i++) {
                int code = nearest(inverse * x[i], -levels, levels - 1);
                float weight = x[i] * x[i];
                sumXc += weight * x[i] * code;
                sumCc += weight * code * code;
            }
            if (attempt == 0 || (sumCc > 0 && sumXc * sumXc > best * sumCc)) {
                scale = sumCc > 0 ? sumXc / sumCc : 0;
                best = scale * sumXc;
                for (int i = 0; i < count; i++) {
                    codes[at + i] = nearest(inverse * x[from + i], -levels, levels - 1);
                }
            }
        }
        return scale;
    }

    /// What becomes of the largest number at some attempt of [#sweep]: the end of the range first, then less and more.
    static float stretched(int levels, int attempt) {
        int step = attempt == 0 ? 0 : attempt <= 9 ? attempt - 10 : attempt - 9;
        return -(levels + 0.1f * step);
    }

    /// Starts with the scale that takes the largest number to the end of the range, then moves single codes as long as
    /// that helps, five rounds at most: for so few levels that a sweep of scales is too coarse.
    ///
    /// @param levels codes are in `[-levels, levels - 1]`
    /// @param codes  receives `count` codes from index `at`
    public static float refine(float[] x, int from, int count, int levels, int[] codes, int at) {
        float largest = Blocks.largest(x, from, count);
        if (Math.abs(largest) < ZERO) {
            Arrays.fill(codes, at, at + count, -levels);
            return 0;
        }
        float inverse = -levels / largest;
        float sumXc = 0;
        float sumCc = 0;
        for (int i = 0; i < count; i++) {
            float number = x[from + i];
            int code = nearest(inverse * number, -levels, levels - 1);
            codes[at + i] = code;
            float weight = number * number;
            sumXc += weight * number * code;
            sumCc += weight * code * code;
        }
        boolean changed = true;
        for (int round = 0; round < ROUNDS && changed; round++) {
            changed = false;
            for (int i = 0; i < count; i++) {
                float number = x[from + i];
                float weight = number * number;
                int old = codes[at + i];
                float withoutXc = sumXc - weight * number * old;
                if (withoutXc <= 0) {
                    continue;
                }
                float withoutCc = sumCc - weight * old * old;
                int code = nearest(number * withoutCc / withoutXc, -levels, levels - 1);
                float newXc = withoutXc + weight * number * code;
                float newCc = withoutCc + weight * code * code;
                if (code != old && newCc > 0 && newXc * newXc * sumCc > sumXc * sumXc * newCc) {
                    codes[at + i] = code;
                    sumXc = newXc;
                    sumCc = newCc;
                    changed = true;
                }
            }
        }
        return sumCc > 0 ? sumXc / sumCc : 0;
    }

    /// Tries sixteen scales for codes that stand for unevenly spaced values.
    ///
    /// @param values sixteen, ascending, the first of largest magnitude
    public static float codebook(float[] x, int from, int count, byte[] values) {
        float largest = Blocks.largest(x, from, count);
        if (Math.abs(largest) < ZERO) {
            return 0;
        }
        float scale = 0;
        float best = 0;
        for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
            float inverse = attempt == 0 ? 1 / (-largest / values[0]) : (attempt - 8 + values[0]) / largest;
            float sumXv = 0;
            float sumVv = 0;
            for (int i = from; i < from + count; i++) {
                float value = values[nearestValue(values, inverse * x[i])];
                float weight = x[i] * x[i];
                sumXv += weight * value * x[i];
                sumVv += weight * value * value;
            }
            if (attempt == 0 || (sumVv > 0 && sumXv * sumXv > best * sumVv)) {
                scale = sumVv > 0 ? sumXv / sumVv : 0;
                best = scale * sumXv;
            }
        }
        return scale;
    }

    /// Index of the value nearest to `x`, the upper one of two equally near.
    ///
    /// @param values ascending, a power of two in number
    public static int nearestValue(byte[] values, float x) {
        int index = 0;
        for (int step = values.length / 2; step > 0; step /= 2) {
            if (2 * x >= values[index + step - 1] + values[index + step]) {
                index += step;
            }
        }
        return index;
    }
}
