package dev.excitor.runtime.ops;

import static org.assertj.core.api.Assertions.assertThat;

import dev.excitor.runtime.vector.Lanes;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;

class VectorExpTest {

    /// A prime, so that all low bits take part.
    private static final int STEP = 16_381;

    @SuppressWarnings("unused") // by JUnit
    private static final Iterable<Integer> WIDTHS = Lanes.WIDTHS;

    /// A walk through all bit patterns, NaNs and infinities included.
    @ParameterizedTest
    @FieldSource("WIDTHS")
    void isWithinOneUlpEverywhere(int bits) {
        VectorSpecies<Float> species = Lanes.ofBits(bits).f32();
        float[] x = new float[species.length()];
        float[] y = new float[species.length()];
        for (long pattern = 0; pattern < 1L << 32; pattern += (long) STEP * x.length) {
            for (int lane = 0; lane < x.length; lane++) {
                x[lane] = Float.intBitsToFloat((int) (pattern + (long) lane * STEP));
            }
            VectorExp.exp(species, FloatVector.fromArray(species, x, 0)).intoArray(y, 0);
            for (int lane = 0; lane < x.length; lane++) {
                if (!isRight(x[lane], y[lane])) {
                    assertThat(y[lane]).as("e^%s", x[lane]).isEqualTo((float) Math.exp(x[lane]));
                }
            }
        }
    }

    private static boolean isRight(float x, float y) {
        if (Float.isNaN(x)) {
            return Float.isNaN(y);
        }
        if (x < VectorExp.LOWEST) {
            return y == 0;
        }
        if (x > VectorExp.HIGHEST) {
            return y == Float.POSITIVE_INFINITY;
        }
        double exact = Math.exp(x);
        return Math.abs(y - exact) <= Math.ulp((float) exact);
    }

    @Test
    void theBordersAreWhereFloatsEnd() {
        assertThat(Math.exp(VectorExp.LOWEST)).isBetween(0.0, 1.7e-38);
        assertThat((float) Math.exp(VectorExp.HIGHEST)).isFinite();
        assertThat((float) Math.exp(Math.nextUp(VectorExp.HIGHEST))).isInfinite();
        for (int bits : Lanes.WIDTHS) {
            VectorSpecies<Float> species = Lanes.ofBits(bits).f32();
            assertThat(at(species, 0)).isEqualTo(1);
            assertThat(at(species, -0f)).isEqualTo(1);
            assertThat(at(species, VectorExp.LOWEST)).isPositive();
            assertThat(at(species, Math.nextDown(VectorExp.LOWEST))).isZero();
            assertThat(at(species, VectorExp.HIGHEST)).isFinite();
            assertThat(at(species, Math.nextUp(VectorExp.HIGHEST))).isInfinite();
        }
    }

    private static float at(VectorSpecies<Float> species, float x) {
        return VectorExp.exp(species, FloatVector.broadcast(species, x)).lane(0);
    }
}
