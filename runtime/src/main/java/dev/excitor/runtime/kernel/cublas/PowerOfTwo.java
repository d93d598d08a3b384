package dev.excitor.runtime.kernel.cublas;

/// Exact factors that bring numbers into the range of f16, and back.
final class PowerOfTwo {

    /// The largest number of f16.
    static final float MAX_HALF = 65504;

    /// Below this maximum a matrix would lose digits of its small numbers.
    private static final float SMALL = 0x1p-6f;

    /// Powers whose inverse is a normal f32 too.
    private static final int MOST = 126;

    private PowerOfTwo() {}

    /// k such that `2^k max` is in [2^14, 2^15), or as near as f32 allows; 0 where max is 0 or not finite.
    static int towards(float max) {
        return max > 0 && max <= Float.MAX_VALUE ? Math.min(MOST, 14 - Math.getExponent(max)) : 0;
    }

    static float of(int k) {
        return Math.scalb(1f, k);
    }

    /// Whether a matrix with this largest magnitude keeps its digits in f16 as it is.
    static boolean fitsHalf(float max) {
        return max <= MAX_HALF && (max >= SMALL || max == 0);
    }
}
