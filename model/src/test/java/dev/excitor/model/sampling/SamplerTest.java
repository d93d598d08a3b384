package dev.excitor.model.sampling;

import static dev.excitor.model.sampling.Reference.entries;
import static dev.excitor.model.sampling.Reference.row;
import static dev.excitor.model.sampling.SamplerSettings.DEFAULTS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.management.ThreadMXBean;
import dev.excitor.model.sampling.Reference.Entry;
import dev.excitor.runtime.ExcitorException.InvalidOption;
import dev.excitor.runtime.ExcitorException.NotFinite;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SamplerTest {

    private static final SamplerSettings PLAIN =
            DEFAULTS.withTopK(0).withTopP(1).withMinP(0).withTemperature(1).withSeed(1);

    private final Arena arena = Arena.ofConfined();

    @AfterEach
    void close() {
        arena.close();
    }

    @Test
    void theChainIsLlamaCppsWithoutWhatIsOff() {
        assertThat(Sampler.of(DEFAULTS.withSeed(42), 100))
                .hasToString("TopK[k=40] -> TopP[p=0.95] -> MinP[p=0.05] -> Temperature[t=0.8] -> SeededPick[seed=42]");
        assertThat(Sampler.of(PLAIN, 100)).hasToString("SeededPick[seed=1]");
        assertThat(Sampler.of(SamplerSettings.greedy(), 100)).hasToString("Greedy[]");
        assertThat(Sampler.of(SamplerSettings.greedy().withTypical(0.5f), 100))
                .hasToString("TopK[k=40] -> Typical[p=0.5] -> Greedy[]");
        assertThat(Sampler.of(
                        DEFAULTS.withSeed(42)
                                .withTypical(0.9f)
                                .withPenalties(1.1f, 64, 0, 0)
                                .withLogitBias(Map.of(5, 1f)),
                        100))
                .hasToString("LogitBias[tokens=1] -> Penalties[repeat=1.1, lastN=64, presence=0.0, frequency=0.0] -> "
                        + "TopK[k=40] -> Typical[p=0.9] -> TopP[p=0.95] -> MinP[p=0.05] -> Temperature[t=0.8] -> "
                        + "SeededPick[seed=42]");
        assertThat(Sampler.of(PLAIN.withPenalties(1.1f, 0, 1, 1), 100))
                .as("no window, no penalties")
                .hasToString("SeededPick[seed=1]");
    }

    @Test
    void temperatureZeroPicksTheBestAndOfEqualsTheLowestId() {
        Sampler sampler = Sampler.of(SamplerSettings.greedy(), 6);
        MemorySegment logits = row(arena, -1, 4, 2, 4, -3, 4, /* the next row */ 0, 0, 0, 0, -0f, 7);
        assertThat(sampler.sample(logits, 0)).isEqualTo(1);
        assertThat(sampler.sample(logits, 24)).isEqualTo(5);
        assertThat(sampler.seed()).isEmpty();
    }

    @Test
    void greedyAndTheWholeChainAgreeAtTemperatureZero() {
        SplittableRandom random = new SplittableRandom(17);
        for (int round = 0; round < 50; round++) {
            float[] logits = Reference.logits(random, 500);
            MemorySegment row = row(arena, logits);
            SamplerSettings settings = SamplerSettings.greedy().withTypical(0.7f);
            List<Entry> typical = Reference.typical(Reference.topK(entries(logits), 40), 0.7f);
            int expected = Reference.topK(typical, 1).get(0).token();
            assertThat(Sampler.of(settings, 500).sample(row, 0))
                    .as("round %d", round)
                    .isEqualTo(expected);
        }
    }

    /// Pearson's chi-square of 100,000 draws against the exact probabilities. Its mean is the degrees of freedom f, its
    /// deviation sqrt(2 f); six deviations are no accident.
    private void assertDistribution(SamplerSettings settings, float[] logits, List<Entry> expected) {
        int draws = 100_000;
        int[] counts = new int[logits.length];
        Sampler sampler = Sampler.of(settings, logits.length);
        MemorySegment row = row(arena, logits);
        for (int i = 0; i < draws; i++) {
            counts[sampler.sample(row, 0)]++;
        }
        double[] probabilities = Reference.probabilities(expected);
        double chiSquare = 0;
        int seen = 0;
        for (int i = 0; i < probabilities.length; i++) {
            double mean = probabilities[i] * draws;
            double difference = counts[expected.get(i).token()] - mean;
            chiSquare += difference * difference / mean;
            seen += counts[expected.get(i).token()];
        }
        assertThat(seen).as("draws among the candidates that remain").isEqualTo(draws);
        int freedom = probabilities.length - 1;
        assertThat(chiSquare)
                .as("chi-square of %s with %d degrees of freedom", settings, freedom)
                .isLessThan(freedom + 6 * Math.sqrt(2.0 * freedom) + 1e-9);
    }

    @Test
    void drawsFollowTheProbabilities() {
        float[] logits = Reference.logits(new SplittableRandom(11), 40);
        assertDistribution(PLAIN, logits, entries(logits));
        assertDistribution(PLAIN.withTemperature(0.5f), logits, Reference.temperature(entries(logits), 0.5));
        assertDistribution(PLAIN.withTemperature(3), logits, Reference.temperature(entries(logits), 3));
        assertDistribution(PLAIN.withTopK(7), logits, Reference.topK(entries(logits), 7));
        assertDistribution(PLAIN.withTopP(0.9f), logits, Reference.topP(entries(logits), 0.9f));
        assertDistribution(PLAIN.withMinP(0.02f), logits, Reference.minP(entries(logits), 0.02f));
        assertDistribution(PLAIN.withTypical(0.8f), logits, Reference.typical(entries(logits), 0.8f));
        List<Entry> chain = Reference.topK(entries(logits), 30);
        chain = Reference.typical(chain, 0.97f);
        chain = Reference.topP(chain, 0.95f);
        chain = Reference.minP(chain, 0.03f);
        chain = Reference.temperature(chain, 1.4f);
        assertDistribution(
                PLAIN.withTopK(30)
                        .withTypical(0.97f)
                        .withTopP(0.95f)
                        .withMinP(0.03f)
                        .withTemperature(1.4f),
                logits,
                chain);
    }

    @Test
    void maskedTokensAreNeverDrawn() {
        float masked = Float.NEGATIVE_INFINITY;
        MemorySegment row = row(arena, masked, 0, masked, 0, masked);
        Sampler sampler = Sampler.of(PLAIN, 5);
        for (int i = 0; i < 10_000; i++) {
            assertThat(sampler.sample(row, 0)).isIn(1, 3);
        }
    }

    /// The text of a seed is a promise: these tokens come out on every machine and in every version.
    @Test
    void aSeedGivesTheseTokens() {
        float[] logits = new float[1000];
        for (int i = 0; i < logits.length; i++) {
            logits[i] = (i * 37 % 1000) / 100f;
        }
        MemorySegment row = row(arena, logits);
        assertThat(draw(Sampler.of(DEFAULTS.withSeed(42), 1000), row, 10))
                .containsExactly(729, 135, 243, 324, 54, 864, 189, 783, 324, 594);
        assertThat(draw(Sampler.of(PLAIN.withSeed(Long.MIN_VALUE), 1000), row, 10))
                .containsExactly(265, 750, 350, 322, 53, 270, 485, 350, 675, 350);
    }

    @ParameterizedTest
    @ValueSource(longs = {0, 1, -2, 0xffffffffL, Long.MIN_VALUE, Long.MAX_VALUE})
    void everySeedIsReproducibleAndResetStartsItAgain(long seed) {
        SamplerSettings settings = DEFAULTS.withSeed(seed).withPenalties(1.2f, 8, 0.1f, 0.1f);
        MemorySegment row = row(arena, Reference.logits(new SplittableRandom(2), 200));
        Sampler sampler = Sampler.of(settings, 200);
        List<Integer> first = draw(sampler, row, 200);
        sampler.reset();
        assertThat(draw(sampler, row, 200)).isEqualTo(first);
        assertThat(draw(Sampler.of(settings, 200), row, 200)).isEqualTo(first);
        assertThat(draw(Sampler.of(settings.withSeed(seed + 1 == -1 ? 77 : seed + 1), 200), row, 200))
                .isNotEqualTo(first);
        assertThat(sampler.seed()).hasValue(seed);
    }

    @Test
    void minusOneDrawsASeedAndTellsIt() {
        MemorySegment row = row(arena, Reference.logits(new SplittableRandom(2), 200));
        Sampler drawn = Sampler.of(DEFAULTS, 200);
        List<Integer> text = draw(drawn, row, 100);
        long seed = drawn.seed().orElseThrow();
        assertThat(Sampler.of(DEFAULTS, 200).seed()).isNotEqualTo(drawn.seed());
        Sampler again = new Sampler(
                200,
                List.of(new TopK(40), new TopP(0.95f), new MinP(0.05f), new Temperature(0.8f)),
                new SeededPick(seed));
        assertThat(draw(again, row, 100)).isEqualTo(text);
    }

    private static List<Integer> draw(Sampler sampler, MemorySegment row, int count) {
        List<Integer> tokens = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            int token = sampler.sample(row, 0);
            sampler.accept(token);
            tokens.add(token);
        }
        return tokens;
    }

    @Test
    void acceptedTokensArePenalized() {
        Sampler sampler = Sampler.of(SamplerSettings.greedy().withPenalties(1, 2, 5, 0), 3);
        MemorySegment row = row(arena, 3, 2, 1);
        assertThat(draw(sampler, row, 6)).containsExactly(0, 1, 2, 0, 1, 2);
    }

    @Test
    void aChainOfOnesOwnCanHaveNewSteps() {
        List<Integer> accepted = new ArrayList<>();
        SamplerStep evenOnly = new SamplerStep() {
            @Override
            public void apply(Candidates candidates) {
                for (int i = 0; i < candidates.size(); i++) {
                    if (candidates.token(i) % 2 == 1) {
                        candidates.setLogit(i, Double.NEGATIVE_INFINITY);
                    }
                }
            }

            @Override
            public void accept(int token) {
                accepted.add(token);
            }
        };
        Sampler sampler = new Sampler(5, List.of(evenOnly, new TopK(2)), new Greedy());
        assertThat(draw(sampler, row(arena, 1, 9, 2, 9, 3), 2)).containsExactly(4, 4);
        assertThat(accepted).containsExactly(4, 4);
    }

    @ParameterizedTest
    @ValueSource(floats = {Float.NaN, Float.POSITIVE_INFINITY})
    void logitsThatAreNoNumbersAreAnErrorWhereverTheyStand(float bad) {
        for (SamplerSettings settings : List.of(DEFAULTS, PLAIN, SamplerSettings.greedy())) {
            for (int size : new int[] {1, 2, 65}) {
                Sampler sampler = Sampler.of(settings, size);
                for (int at : IntStream.of(0, size / 2, size - 1).distinct().toArray()) {
                    float[] logits = new float[size];
                    logits[at] = bad;
                    assertThatThrownBy(() -> sampler.sample(row(arena, logits), 0))
                            .isInstanceOf(NotFinite.class)
                            .hasMessageContainingAll("the logits", bad + " for token " + at);
                }
            }
        }
    }

    @Test
    void nothingLeftToChooseIsAnError() {
        MemorySegment masked = row(arena, Float.NEGATIVE_INFINITY, Float.NEGATIVE_INFINITY);
        MemorySegment fine = row(arena, 1, 2);
        for (SamplerSettings settings :
                List.of(DEFAULTS, PLAIN, SamplerSettings.greedy(), DEFAULTS.withTypical(0.5f))) {
            assertThatThrownBy(() -> Sampler.of(settings, 2).sample(masked, 0)).isInstanceOf(NotFinite.class);
            SamplerSettings forbidding =
                    settings.withLogitBias(Map.of(0, Float.NEGATIVE_INFINITY, 1, Float.NEGATIVE_INFINITY));
            assertThatThrownBy(() -> Sampler.of(forbidding, 2).sample(fine, 0))
                    .isInstanceOf(NotFinite.class)
                    .hasMessageContaining("every token");
        }
    }

    @Test
    void aRowThatIsTooShortIsNotRead() {
        Sampler sampler = Sampler.of(DEFAULTS, 4);
        MemorySegment row = row(arena, 1, 2, 3, 4);
        assertThatThrownBy(() -> sampler.sample(row, 4)).isInstanceOf(IndexOutOfBoundsException.class);
        assertThatThrownBy(() -> sampler.sample(row, -4)).isInstanceOf(IndexOutOfBoundsException.class);
    }

    @Test
    void aBiasOutsideTheVocabularyIsRefused() {
        SamplerSettings settings = DEFAULTS.withLogitBias(Map.of(100, 1f));
        assertThatThrownBy(() -> Sampler.of(settings, 100))
                .isInstanceOf(InvalidOption.class)
                .hasMessageContainingAll("--logit-bias", "100");
    }

    /// Hostile numbers that are legal: no exception, no endless loop, a token of the vocabulary.
    @Test
    void extremesStillGiveAToken() {
        float huge = Float.MAX_VALUE;
        MemorySegment row = row(arena, huge, -huge, 0, Float.MIN_VALUE, Float.NEGATIVE_INFINITY, huge);
        for (float temperature : new float[] {0, Float.MIN_VALUE, 1, huge}) {
            for (int topK : new int[] {0, 1, Integer.MAX_VALUE}) {
                for (float fraction : new float[] {0, Float.MIN_VALUE, Math.nextDown(1f), 1}) {
                    SamplerSettings settings = new SamplerSettings(
                            temperature, topK, fraction, fraction, fraction, huge, -1, huge, -huge, Map.of(2, huge), 3);
                    for (int token : draw(Sampler.of(settings, 6), row, 50)) {
                        assertThat(token).as(settings.toString()).isBetween(0, 5);
                    }
                }
            }
        }
    }

    @Test
    void samplingAllocatesNothing() {
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        MemorySegment row = row(arena, Reference.logits(new SplittableRandom(4), 8_000));
        for (SamplerSettings settings : List.of(
                SamplerSettings.greedy(),
                DEFAULTS.withSeed(1),
                PLAIN,
                DEFAULTS.withTopK(0)
                        .withTypical(0.9f)
                        .withPenalties(1.1f, 64, 0.1f, 0.1f)
                        .withLogitBias(Map.of(7_999, Float.NEGATIVE_INFINITY, 2, 1f)))) {
            Sampler sampler = Sampler.of(settings, 8_000);
            run(sampler, row, 1_000);
            long least = Long.MAX_VALUE;
            for (int attempt = 0; attempt < 10 && least > 0; attempt++) {
                long before = threads.getCurrentThreadAllocatedBytes();
                run(sampler, row, 100);
                least = Math.min(least, threads.getCurrentThreadAllocatedBytes() - before);
            }
            assertThat(least).as("bytes allocated by 100 tokens of %s", sampler).isZero();
        }
    }

    private static void run(Sampler sampler, MemorySegment row, int tokens) {
        for (int i = 0; i < tokens; i++) {
            sampler.accept(sampler.sample(row, 0));
        }
    }
}
