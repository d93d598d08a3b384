package dev.excitor.runtime.vector;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorShuffle;

/// The sum of a vector's lanes in one fixed order: halves are added until one lane is left.
///
/// `reduceLanes(ADD)` leaves the order open, and interpreted and compiled code use different ones, so that the same
/// text with the same seed would depend on when the compiler was done.
public final class Sum {

    private static final VectorShuffle<Float> S512_8 = VectorShuffle.iota(FloatVector.SPECIES_512, 8, 1, true);
    private static final VectorShuffle<Float> S512_4 = VectorShuffle.iota(FloatVector.SPECIES_512, 4, 1, true);
    private static final VectorShuffle<Float> S512_2 = VectorShuffle.iota(FloatVector.SPECIES_512, 2, 1, true);
    private static final VectorShuffle<Float> S512_1 = VectorShuffle.iota(FloatVector.SPECIES_512, 1, 1, true);
    private static final VectorShuffle<Float> S256_4 = VectorShuffle.iota(FloatVector.SPECIES_256, 4, 1, true);
    private static final VectorShuffle<Float> S256_2 = VectorShuffle.iota(FloatVector.SPECIES_256, 2, 1, true);
    private static final VectorShuffle<Float> S256_1 = VectorShuffle.iota(FloatVector.SPECIES_256, 1, 1, true);
    private static final VectorShuffle<Float> S128_2 = VectorShuffle.iota(FloatVector.SPECIES_128, 2, 1, true);
    private static final VectorShuffle<Float> S128_1 = VectorShuffle.iota(FloatVector.SPECIES_128, 1, 1, true);

    private Sum() {}

    /// Small enough to be inlined, where the length is a constant.
    public static float of(FloatVector v) {
        if (v.length() == 16) {
            FloatVector a = v.add(v.rearrange(S512_8));
            FloatVector b = a.add(a.rearrange(S512_4));
            FloatVector c = b.add(b.rearrange(S512_2));
            return c.add(c.rearrange(S512_1)).lane(0);
        }
        if (v.length() == 8) {
            FloatVector a = v.add(v.rearrange(S256_4));
            FloatVector b = a.add(a.rearrange(S256_2));
            return b.add(b.rearrange(S256_1)).lane(0);
        }
        FloatVector a = v.add(v.rearrange(S128_2));
        return a.add(a.rearrange(S128_1)).lane(0);
    }
}
