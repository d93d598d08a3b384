package dev.excitor.runtime.ops;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.excitor.runtime.team.Team;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/// What rotary embeddings mean: the angles, the table of a batch, and the one property they exist for.
class RopeTest {

    private static final long SEED = 20261124;
    private static final RopeFrequencies.Scaling NONE = new RopeFrequencies.NoScaling();
    private static final float[] NO_FACTORS = {};

    static List<Form> forms() {
        return Form.all();
    }

    @Test
    void pairsTurnMoreSlowlyOneAfterTheOther() {
        RopeFrequencies plain = new RopeFrequencies(8, 10_000f, NO_FACTORS, NONE);
        assertThat(plain.rotated()).isEqualTo(8);
        assertThat(plain.magnitude()).isEqualTo(1);
        assertThat(radians(plain)).containsExactly(new double[] {1, 0.1, 0.01, 0.001}, Offset.offset(1e-15));
    }

    @Test
    void factorsAndLinearScalingDivide() {
        RopeFrequencies factors = new RopeFrequencies(8, 10_000f, new float[] {1, 2, 4, 8}, NONE);
        assertThat(radians(factors)).containsExactly(new double[] {1, 0.05, 0.0025, 0.000125}, Offset.offset(1e-15));
        RopeFrequencies linear = new RopeFrequencies(8, 10_000f, NO_FACTORS, new RopeFrequencies.Linear(4));
        assertThat(radians(linear)).containsExactly(new double[] {0.25, 0.025, 0.0025, 0.00025}, Offset.offset(1e-15));
        assertThat(linear.magnitude()).isEqualTo(1);
    }

    /// Numbers from llama.cpp's formula in double, four times 2,048 positions: pairs up to 2 keep their speed, pairs
    /// from 6 on turn at a quarter of it.
    @Test
    void yarnKeepsFastPairsAndInterpolatesSlowOnes() {
        RopeFrequencies yarn =
                new RopeFrequencies(16, 10_000f, NO_FACTORS, new RopeFrequencies.Yarn(4, 1, 1, 32, 1, 2048));
        double[] expected = {
            1,
            0.31622776601683794,
            0.1,
            0.02569350598886808,
            0.00625,
            0.001383496476323666,
            0.00025,
            7.905694150420948e-05
        };
        assertThat(radians(yarn)).containsExactly(expected, Offset.offset(1e-16));
        assertThat(yarn.magnitude()).isEqualTo(1.138629436111989, Offset.offset(1e-15));
        RopeFrequencies off =
                new RopeFrequencies(16, 10_000f, NO_FACTORS, new RopeFrequencies.Yarn(4, 0, 2, 32, 1, 2048));
        assertThat(radians(off))
                .as("without its mix YaRN is linear")
                .containsExactly(radians(new RopeFrequencies(16, 10_000f, NO_FACTORS, new RopeFrequencies.Linear(4))));
        assertThat(off.magnitude()).isEqualTo(2);
    }

    @ParameterizedTest
    @ValueSource(floats = {0, -1, Float.NaN, Float.POSITIVE_INFINITY})
    void whatIsNotPositiveIsRefused(float bad) {
        assertThatThrownBy(() -> new RopeFrequencies(8, bad, NO_FACTORS, NONE)).hasMessageContaining("base");
        assertThatThrownBy(() -> new RopeFrequencies(4, 10_000f, new float[] {1, bad}, NONE))
                .hasMessageContaining("factor");
        assertThatThrownBy(() -> new RopeFrequencies.Linear(bad)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new RopeFrequencies.Yarn(bad, 1, 1, 32, 1, 2048))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void widthsWithoutPairsAreRefused() {
        for (int rotated : new int[] {-2, 0, 1, 7}) {
            assertThatThrownBy(() -> new RopeFrequencies(rotated, 10_000f, NO_FACTORS, NONE))
                    .isInstanceOf(IllegalArgumentException.class);
        }
        assertThatThrownBy(() -> new RopeFrequencies(8, 10_000f, new float[3], NONE))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3})
    void aTableHoldsTheAnglesOfItsPositions(int threads) {
        RopeFrequencies frequencies =
                new RopeFrequencies(10, 500_000f, NO_FACTORS, new RopeFrequencies.Yarn(2, 1, 1, 32, 1, 512));
        try (Arena arena = Arena.ofShared();
                Team team = new Team(threads)) {
            RopeTable table = new RopeTable(arena, frequencies, 7);
            for (int first : new int[] {0, 1, 64, 1500, 1 << 20}) {
                team.run(worker -> table.fill(worker, first, 7));
                for (int row = 0; row < 7; row++) {
                    for (int pair = 0; pair < 5; pair++) {
                        double angle = (first + row) * frequencies.radians(pair);
                        assertThat(table.cosine(row, pair))
                                .isEqualTo((float) (Math.cos(angle) * frequencies.magnitude()));
                        assertThat(table.sine(row, pair))
                                .isEqualTo((float) (Math.sin(angle) * frequencies.magnitude()));
                    }
                }
            }
            assertThatThrownBy(() -> team.run(worker -> table.fill(worker, 0, 8)))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("8 positions");
        }
    }

    /// A query at i and a key at j meet as if they stood at i + t and j + t.
    @ParameterizedTest
    @MethodSource("forms")
    void scoresDependOnDistancesOnly(Form form) {
        Random random = new Random(SEED);
        int headDim = 22;
        float[] q = Values.GAUSSIAN.array(random, headDim);
        float[] k = Values.GAUSSIAN.array(random, headDim);
        double near = dot(rotate(form, q, 9), rotate(form, k, 2));
        double far = dot(rotate(form, q, 1009), rotate(form, k, 1002));
        double magnitude = Math.sqrt(dot(q, q) * dot(k, k));
        assertThat(far).as("seed %d", SEED).isEqualTo(near, Offset.offset(headDim * Math.ulp(1f) * magnitude));
        assertThat(Math.abs(dot(rotate(form, q, 9), rotate(form, k, 3)) - near))
                .as("another distance is another score, seed %d", SEED)
                .isGreaterThan(1e-3 * magnitude);
        assertThat(rotate(form, q, 0)).containsExactly(q);
    }

    private static float[] rotate(Form form, float[] head, int position) {
        RopeFrequencies frequencies = new RopeFrequencies(head.length, 10_000f, NO_FACTORS, NONE);
        try (Arena arena = Arena.ofShared();
                Team team = new Team(1)) {
            RopeTable table = new RopeTable(arena, frequencies, 1);
            MemorySegment x = Buffers.input(arena, head);
            team.run(worker -> {
                table.fill(worker, position, 1);
                form.ops().rope().apply(worker, x, 1, 1, head.length, table);
            });
            return x.toArray(ValueLayout.JAVA_FLOAT);
        }
    }

    private static double dot(float[] x, float[] y) {
        double sum = 0;
        for (int i = 0; i < x.length; i++) {
            sum += (double) x[i] * y[i];
        }
        return sum;
    }

    private static double[] radians(RopeFrequencies frequencies) {
        double[] radians = new double[frequencies.rotated() / 2];
        Arrays.setAll(radians, frequencies::radians);
        return radians;
    }
}
