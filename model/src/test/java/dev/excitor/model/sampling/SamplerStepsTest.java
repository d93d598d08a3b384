package dev.excitor.model.sampling;

import static dev.excitor.model.sampling.Reference.candidates;
import static dev.excitor.model.sampling.Reference.entries;
import static dev.excitor.model.sampling.Reference.tokens;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.excitor.model.sampling.Reference.Entry;
import dev.excitor.runtime.ExcitorException.InvalidOption;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.DoubleFunction;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Each step against its definition in double precision.
class SamplerStepsTest {

    private static final int[] SIZES = {1, 2, 3, 7, 31, 64, 100, 1000, 4098, 32_000};

    /// Checks tokens, their order and their logits on random rows of all sizes.
    private static void check(
            DoubleFunction<SamplerStep> step,
            DoubleFunction<java.util.function.UnaryOperator<List<Entry>>> definition) {
        long seed = 20_240_404;
        SplittableRandom random = new SplittableRandom(seed);
        for (int size : SIZES) {
            for (int round = 0; round < 20; round++) {
                float[] logits = Reference.logits(random, size);
                double parameter = round == 0 ? 0 : round == 1 ? 1 : (float) random.nextDouble();
                Candidates fast = candidates(logits);
                step.apply(parameter).apply(fast);
                List<Entry> expected = definition.apply(parameter).apply(entries(logits));
                assertThat(tokens(fast))
                        .as("seed %d, size %d, round %d, parameter %s", seed, size, round, parameter)
                        .isEqualTo(tokens(expected));
                for (int i = 0; i < expected.size(); i++) {
                    assertThat((double) fast.logit(i)).isEqualTo(expected.get(i).logit());
                }
            }
        }
    }

    @Test
    void topKKeepsTheBest() {
        check(p -> new TopK((int) (p * 300)), p -> e -> Reference.topK(e, (int) (p * 300)));
    }

    @Test
    void topPKeepsTheNucleus() {
        check(p -> new TopP((float) p), p -> e -> Reference.topP(e, p));
    }

    @Test
    void minPKeepsWhatIsNearTheBest() {
        check(p -> new MinP((float) p), p -> e -> Reference.minP(e, p));
    }

    @Test
    void typicalKeepsWhatIsNearTheEntropy() {
        check(p -> new Typical((float) p), p -> e -> Reference.typical(e, p));
    }

    @ParameterizedTest
    @ValueSource(floats = {Float.MIN_VALUE, 1e-3f, 0.5f, 1, 1.5f, 1000, Float.MAX_VALUE})
    void temperatureScalesTheDifferences(float t) {
        Candidates fast = candidates(3, -2, 0.25f, Float.NEGATIVE_INFINITY, 3);
        new Temperature(t).apply(fast);
        double[] expected = Reference.probabilities(Reference.temperature(
                List.of(
                        new Entry(0, 0),
                        new Entry(1, -5),
                        new Entry(2, -2.75),
                        new Entry(3, Double.NEGATIVE_INFINITY),
                        new Entry(4, 0)),
                t));
        double total = fast.softmax();
        for (int i = 0; i < expected.length; i++) {
            assertThat(fast.weight(i) / total).isCloseTo(expected[i], within(1e-6));
        }
    }

    @Test
    void equalLogitsAreOrderedByTheLowerId() {
        float[] same = new float[1000];
        Candidates best = candidates(same);
        new TopK(3).apply(best);
        assertThat(tokens(best)).containsExactly(0, 1, 2);

        Candidates nucleus = candidates(same);
        new TopP(0.0035f).apply(nucleus);
        assertThat(tokens(nucleus)).containsExactly(0, 1, 2, 3);

        Candidates signs = candidates(-0f, 0f, -0f);
        new TopK(2).apply(signs);
        assertThat(tokens(signs)).as("-0 and 0 are equal").containsExactly(0, 1);
    }

    @Test
    void maskedTokensSurviveNoNucleus() {
        float masked = Float.NEGATIVE_INFINITY;
        for (SamplerStep step : List.of(new TopP(0.999f), new MinP(1e-30f), new Typical(0.999f))) {
            Candidates fast = candidates(masked, 1, masked, 1, masked);
            step.apply(fast);
            assertThat(tokens(fast)).as(step.toString()).containsExactly(1, 3);
        }
    }

    @Test
    void typicalCanDropTheMostProbableToken() {
        float[] logits = new float[200];
        logits[7] = 4.5f;
        Candidates fast = candidates(logits);
        new Typical(0.2f).apply(fast);
        assertThat(tokens(fast)).doesNotContain(7).hasSizeGreaterThan(20);
    }

    @ParameterizedTest
    @ValueSource(ints = {-1, 0, 1, 2, 5, 64})
    void penaltiesSeeTheirWindowAndNothingElse(int lastN) {
        long seed = 99L + lastN;
        SplittableRandom random = new SplittableRandom(seed);
        int vocabulary = 12;
        Penalties penalties = new Penalties(1.3f, lastN, 0.5f, 0.25f, vocabulary);
        List<Integer> text = new ArrayList<>();
        for (int step = 0; step < 200; step++) {
            if (step == 120) {
                penalties.reset();
                text.clear();
            }
            float[] logits = Reference.logits(random, vocabulary);
            Candidates fast = candidates(logits);
            penalties.apply(fast);
            List<Integer> window = lastN == -1 ? text : text.subList(Math.max(0, text.size() - lastN), text.size());
            List<Entry> expected = Reference.penalties(entries(logits), window, 1.3f, 0.5, 0.25);
            for (int i = 0; i < vocabulary; i++) {
                assertThat(fast.logit(i))
                        .as("seed %d, step %d, token %d", seed, step, i)
                        .isEqualTo((float) expected.get(i).logit());
            }
            int token = random.nextInt(vocabulary);
            penalties.accept(token);
            text.add(token);
        }
    }

    @Test
    void penaltiesNeverMakeInfinityOrNaN() {
        float huge = Float.MAX_VALUE;
        for (float penalty : new float[] {-huge, huge}) {
            Penalties penalties = new Penalties(Float.MIN_VALUE, -1, penalty, penalty, 4);
            for (int i = 0; i < 1000; i++) {
                penalties.accept(i % 4);
            }
            Candidates fast = candidates(huge, -huge, Float.NEGATIVE_INFINITY, 1);
            penalties.apply(fast);
            for (int i = 0; i < 4; i++) {
                assertThat(fast.logit(i)).isLessThan(Float.POSITIVE_INFINITY);
            }
            assertThat(fast.logit(2)).as("masked stays masked").isEqualTo(Float.NEGATIVE_INFINITY);
        }
    }

    @Test
    void penaltiesRefuseTokensOutsideTheVocabulary() {
        Penalties penalties = new Penalties(1.1f, 8, 0, 0, 4);
        assertThatThrownBy(() -> penalties.accept(4)).isInstanceOf(IndexOutOfBoundsException.class);
        assertThatThrownBy(() -> penalties.accept(-1)).isInstanceOf(IndexOutOfBoundsException.class);
    }

    @Test
    void biasesAreAddedWhereverTheTokenStands() {
        LogitBias bias = new LogitBias(Map.of(0, 2f, 3, -1f, 4, Float.NEGATIVE_INFINITY, 2, Float.MAX_VALUE), 5);
        Candidates whole = candidates(1, 2, Float.MAX_VALUE, 4, 5);
        bias.apply(whole);
        assertThat(List.of(whole.logit(0), whole.logit(1), whole.logit(2), whole.logit(3), whole.logit(4)))
                .containsExactly(3f, 2f, Float.MAX_VALUE, 3f, Float.NEGATIVE_INFINITY);

        Candidates best = candidates(1, 2, 9, 4, 5);
        new TopK(3).apply(best);
        bias.apply(best);
        assertThat(tokens(best)).containsExactly(2, 4, 3);
        assertThat(best.logit(1)).isEqualTo(Float.NEGATIVE_INFINITY);
        assertThat(best.logit(2)).isEqualTo(3);
    }

    @Test
    void wrongBiasesAreRefused() {
        assertThatThrownBy(() -> new LogitBias(Map.of(5, 1f), 5))
                .isInstanceOf(InvalidOption.class)
                .hasMessageContainingAll("--logit-bias", "5");
        Map<Integer, Float> withNull = new HashMap<>();
        withNull.put(1, null);
        assertThatThrownBy(() -> SamplerSettings.DEFAULTS.withLogitBias(Collections.unmodifiableMap(withNull)))
                .isInstanceOf(NullPointerException.class);
    }

    @Test
    void stepsRefuseWhatTheSettingsRefuse() {
        assertThatThrownBy(() -> new Temperature(0)).isInstanceOf(InvalidOption.class);
        assertThatThrownBy(() -> new TopK(-1)).isInstanceOf(InvalidOption.class);
        assertThatThrownBy(() -> new TopP(Float.NaN)).isInstanceOf(InvalidOption.class);
        assertThatThrownBy(() -> new MinP(1.01f)).isInstanceOf(InvalidOption.class);
        assertThatThrownBy(() -> new Typical(-0.01f)).isInstanceOf(InvalidOption.class);
        assertThatThrownBy(() -> new Penalties(1, Integer.MAX_VALUE, 0, 0, 4)).isInstanceOf(InvalidOption.class);
    }

    @Test
    void candidatesHoldTheirInvariants() {
        Candidates fast = candidates(1, 2, 3);
        assertThatIllegalArgumentException().isThrownBy(() -> new Candidates(0));
        assertThatIllegalArgumentException().isThrownBy(() -> fast.setLogit(1, Double.NaN));
        assertThatThrownBy(() -> fast.truncate(0)).isInstanceOf(IndexOutOfBoundsException.class);
        assertThatThrownBy(() -> fast.truncate(4)).isInstanceOf(IndexOutOfBoundsException.class);
        assertThatThrownBy(() -> fast.keepFrom(3.5)).isInstanceOf(IndexOutOfBoundsException.class);
    }

    @Test
    void rowsOfEqualLogitsStayFast() {
        float[] rising = new float[128_256];
        for (int i = 0; i < rising.length; i++) {
            rising[i] = i * 1e-6f;
        }
        for (float[] logits : List.of(new float[128_256], rising)) {
            for (SamplerStep step : List.of(new TopK(100_000), new TopP(0.999f), new Typical(0.999f))) {
                Candidates fast = candidates(logits);
                long start = System.nanoTime();
                step.apply(fast);
                assertThat(System.nanoTime() - start)
                        .as("nanoseconds of %s", step)
                        .isLessThan(2_000_000_000L);
                assertThat(fast.size()).isGreaterThan(99_999);
            }
        }
    }
}
