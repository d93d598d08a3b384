package dev.excitor.model.sampling;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class ExponentialsTest {

    private static double exp(float x) {
        double[] weights = new double[1];
        assertThat(Exponentials.fill(new float[] {x}, 1, 0, weights)).isEqualTo(weights[0]);
        return weights[0];
    }

    @Test
    void isWithinThreeUlpOfTheTrueValue() {
        long seed = 7;
        SplittableRandom random = new SplittableRandom(seed);
        float[] logits = new float[200_000];
        for (int i = 0; i < logits.length; i++) {
            logits[i] = (float) -(random.nextDouble() * (i % 2 == 0 ? 700 : 1));
        }
        double[] weights = new double[logits.length];
        double sum = Exponentials.fill(logits, logits.length, 0, weights);
        double expectedSum = 0;
        for (int i = 0; i < logits.length; i++) {
            double expected = StrictMath.exp(logits[i]);
            expectedSum += expected;
            assertThat(weights[i])
                    .as("seed %d, exp(%s)", seed, logits[i])
                    .isCloseTo(expected, within(3 * Math.ulp(expected)));
        }
        assertThat(sum).isCloseTo(expectedSum, within(1e-12 * expectedSum));
    }

    @Test
    void isExactWhereItMatters() {
        assertThat(exp(0)).isEqualTo(1);
        assertThat(exp(-0f)).isEqualTo(1);
        assertThat(exp(-700)).isPositive();
        assertThat(exp(-700.1f)).isZero();
        assertThat(exp(-Float.MAX_VALUE)).isZero();
        assertThat(exp(Float.NEGATIVE_INFINITY)).isZero();
        assertThat(exp(-Float.MIN_VALUE)).isEqualTo(1);
    }

    @Test
    void countsFromTheLargest() {
        double[] weights = new double[3];
        double sum = Exponentials.fill(new float[] {Float.MAX_VALUE, -Float.MAX_VALUE, 0}, 3, Float.MAX_VALUE, weights);
        assertThat(weights).containsExactly(1, 0, 0);
        assertThat(sum).isEqualTo(1);
    }

    /// Interpreted, compiled, vectorized or on another processor: the same bits.
    @Test
    void givesTheseBits() {
        assertThat(Double.toHexString(exp(-1))).isEqualTo("0x1.78b56362cef38p-2");
        assertThat(Double.toHexString(exp(-0.34657f))).isEqualTo("0x1.6a0a3bf18bfa6p-1");
        assertThat(Double.toHexString(exp(-17.25f))).isEqualTo("0x1.14f49dbc5078cp-25");
        assertThat(Double.toHexString(exp(-500.5f))).isEqualTo("0x1.e8222ed342a1ep-723");
    }

    @Test
    void compiledEqualsInterpreted() {
        float[] logits = Reference.logits(new SplittableRandom(3), 4099);
        double[] first = new double[logits.length];
        double[] later = new double[logits.length];
        double sum = Exponentials.fill(logits, logits.length, 40, first);
        for (int i = 0; i < 3000; i++) {
            Exponentials.fill(logits, logits.length, 40, later);
        }
        assertThat(Exponentials.fill(logits, logits.length, 40, later)).isEqualTo(sum);
        assertThat(later).isEqualTo(first);
    }
}
