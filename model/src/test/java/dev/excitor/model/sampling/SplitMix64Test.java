package dev.excitor.model.sampling;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SplitMix64Test {

    /// The JDK's SplittableRandom is the same algorithm; ours is written out so that no JDK can change it.
    @ParameterizedTest
    @ValueSource(longs = {0, 1, -1, 42, 0xffffffffL, Long.MIN_VALUE, Long.MAX_VALUE})
    void isThePublishedAlgorithm(long seed) {
        SplitMix64 ours = new SplitMix64(seed);
        SplittableRandom theirs = new SplittableRandom(seed);
        for (int i = 0; i < 1000; i++) {
            assertThat(ours.nextLong()).as("seed %d, number %d", seed, i).isEqualTo(theirs.nextLong());
        }
    }

    @Test
    void fillsTheUnitIntervalEvenly() {
        SplitMix64 random = new SplitMix64(5);
        int[] tenths = new int[10];
        for (int i = 0; i < 100_000; i++) {
            double number = random.nextDouble();
            assertThat(number).isBetween(0.0, Math.nextDown(1.0));
            tenths[(int) (number * 10)]++;
        }
        for (int count : tenths) {
            assertThat(count).isBetween(9_500, 10_500);
        }
    }
}
