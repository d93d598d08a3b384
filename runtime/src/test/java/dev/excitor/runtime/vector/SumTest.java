package dev.excitor.runtime.vector;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import jdk.incubator.vector.FloatVector;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SumTest {

    private static final long SEED = 20261124;

    /// The order is part of the promise, since compiled and interpreted code must round alike.
    @ParameterizedTest
    @ValueSource(ints = {128, 256, 512})
    void addsHalvesUntilOneLaneIsLeft(int bits) {
        Lanes lanes = Lanes.ofBits(bits);
        Random random = new Random(SEED);
        for (int round = 0; round < 1000; round++) {
            float[] numbers = new float[lanes.count()];
            for (int i = 0; i < numbers.length; i++) {
                numbers[i] = (float) (random.nextGaussian() * Math.pow(10, random.nextInt(12)));
            }
            float sum = Sum.of(FloatVector.fromArray(lanes.f32(), numbers, 0));
            for (int half = numbers.length / 2; half > 0; half /= 2) {
                for (int i = 0; i < half; i++) {
                    numbers[i] += numbers[i + half];
                }
            }
            assertThat(sum).as("round %d, seed %d", round, SEED).isEqualTo(numbers[0]);
        }
    }
}
