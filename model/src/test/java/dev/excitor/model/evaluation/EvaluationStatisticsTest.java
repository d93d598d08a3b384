package dev.excitor.model.evaluation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.excitor.runtime.ExcitorException;
import java.util.Arrays;
import java.util.Random;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;

/// Every number against its definition, written plainly.
class EvaluationStatisticsTest {

    private static final long SEED = 20_240_404;
    private static final Offset<Double> ROUNDING = within(1e-12);

    private final Random random = new Random(SEED);

    @Test
    void logProbabilitiesAreTheLogOfTheSoftmax() {
        for (int size : new int[] {1, 2, 7, 512, 4098}) {
            float[] logits = Rows.random(random, size, 5);
            LogProbabilities row = Rows.of(logits);
            double[] expected = Rows.logSoftmax(logits);
            double sum = 0;
            for (int token = 0; token < size; token++) {
                assertThat(row.of(token)).isCloseTo(expected[token], ROUNDING);
                sum += Math.exp(row.of(token));
            }
            assertThat(sum).isCloseTo(1, ROUNDING);
            assertThat(row.size()).isEqualTo(size);
        }
    }

    @Test
    void hugeLogitsNeitherOverflowNorVanish() {
        LogProbabilities row = Rows.of(Float.MAX_VALUE, Float.MAX_VALUE, -Float.MAX_VALUE);
        assertThat(row.of(0)).isEqualTo(-Math.log(2));
        assertThat(row.of(2)).isFinite().isLessThan(-6e38);
        assertThat(row.top()).as("of equal ones the first").isZero();
        assertThat(Rows.of(-1, 3, 3, 2).top()).isEqualTo(1);
    }

    @Test
    void aLogitThatIsNoNumberIsRefused() {
        for (float bad : new float[] {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY}) {
            assertThatThrownBy(() -> Rows.of(1, bad, 2))
                    .isInstanceOf(ExcitorException.NotFinite.class)
                    .hasMessageContaining("token 1")
                    .hasMessageContaining(String.valueOf(bad));
        }
    }

    @Test
    void momentsAreThoseOfTheWholeList() {
        double[] numbers = random.doubles(1000, 3, 8).toArray();
        Moments moments = new Moments();
        Arrays.stream(numbers).forEach(moments::add);
        double mean = Arrays.stream(numbers).sum() / numbers.length;
        double variance =
                Arrays.stream(numbers).map(x -> (x - mean) * (x - mean)).sum() / numbers.length;
        assertThat(moments.mean().value()).isCloseTo(mean, ROUNDING);
        assertThat(moments.variance()).isCloseTo(variance, ROUNDING);
        assertThat(moments.mean().error()).isCloseTo(Math.sqrt(variance / (numbers.length - 1)), ROUNDING);
    }

    @Test
    void oneNumberHasNoErrorAndNoneHasNoMean() {
        Moments moments = new Moments();
        assertThat(moments.mean().value()).isNaN();
        moments.add(3);
        assertThat(moments.mean().value()).isEqualTo(3);
        assertThat(moments.mean().error()).isNaN();
    }

    @Test
    void quantilesLieBetweenTheSortedNumbers() {
        Sample sample = new Sample();
        assertThat(sample.quantile(0.5)).isNaN();
        for (double number : new double[] {40, 10, 30, 20}) {
            sample.add(number);
        }
        assertThat(sample.quantile(0)).isEqualTo(10);
        assertThat(sample.quantile(0.5)).isEqualTo(25);
        assertThat(sample.quantile(0.1)).isCloseTo(13, ROUNDING);
        assertThat(sample.quantile(1)).isEqualTo(40);
        sample.add(-10);
        assertThat(sample.quantile(0)).as("asked again after another number").isEqualTo(-10);
        assertThat(sample.mean().value()).isCloseTo(18, ROUNDING);
        assertThatThrownBy(() -> sample.quantile(1.01)).isInstanceOf(IllegalArgumentException.class);
        for (int i = 0; i < 5000; i++) {
            sample.add(i);
        }
        assertThat(sample.size()).isEqualTo(5005);
    }

    @Test
    void perplexityIsTheExponentialOfTheMean() {
        Perplexity perplexity = new Perplexity();
        double[] logProbabilities = random.doubles(100, -9, 0).toArray();
        Arrays.stream(logProbabilities).forEach(perplexity::add);
        double mean = -Arrays.stream(logProbabilities).average().orElseThrow();
        double variance = Arrays.stream(logProbabilities)
                .map(x -> (x + mean) * (x + mean))
                .average()
                .orElseThrow();
        assertThat(perplexity.estimate().value()).isCloseTo(Math.exp(mean), within(1e-9));
        assertThat(perplexity.estimate().error()).isCloseTo(Math.exp(mean) * Math.sqrt(variance / 99), within(1e-9));
        assertThat(perplexity.count()).isEqualTo(100);
    }

    @Test
    void aGuessAmongManyHasThatManyAsPerplexity() {
        Perplexity perplexity = new Perplexity();
        LogProbabilities even = Rows.of(new float[300]);
        perplexity.add(even.of(7));
        perplexity.add(even.of(8));
        assertThat(perplexity.estimate().value()).isCloseTo(300, within(1e-9));
        assertThat(perplexity.estimate().error()).isZero();
    }

    @Test
    void divergenceIsKullbackAndLeiblers() {
        for (int size : new int[] {1, 2, 33, 1000}) {
            float[] base = Rows.random(random, size, 4);
            float[] model = Rows.random(random, size, 4);
            double[] p = Rows.logSoftmax(base);
            double[] q = Rows.logSoftmax(model);
            double expected = 0;
            for (int i = 0; i < size; i++) {
                expected += Math.exp(p[i]) * (p[i] - q[i]);
            }
            assertThat(Divergence.between(Rows.of(base), Rows.of(model))).isCloseTo(expected, within(1e-11));
            assertThat(Divergence.between(Rows.of(base), Rows.of(base))).isZero();
        }
    }

    @Test
    void differentVocabulariesCannotBeCompared() {
        assertThatThrownBy(() -> Divergence.between(Rows.of(1, 2), Rows.of(1, 2, 3)))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void whatIsSaidOfTwoModelsFollowsFromTheirPairs() {
        int tokens = 400;
        Divergence divergence = new Divergence();
        double[] base = new double[tokens];
        double[] model = new double[tokens];
        double[] changes = new double[tokens];
        int same = 0;
        for (int i = 0; i < tokens; i++) {
            float[] logits = Rows.random(random, 50, 3);
            LogProbabilities p = Rows.of(logits);
            for (int j = 0; j < logits.length; j++) {
                logits[j] += (float) (0.5 * random.nextGaussian());
            }
            LogProbabilities q = Rows.of(logits);
            int next = random.nextInt(50);
            divergence.add(p, q, next);
            base[i] = -p.of(next);
            model[i] = -q.of(next);
            changes[i] = Math.exp(q.of(next)) - Math.exp(p.of(next));
            same += p.top() == q.top() ? 1 : 0;
        }
        double ratio = mean(model) - mean(base);
        double ratioError = Math.sqrt(
                (covariance(model, model) + covariance(base, base) - 2 * covariance(model, base)) / (tokens - 1));
        assertThat(divergence.logRatio().value()).isCloseTo(ratio, ROUNDING);
        assertThat(divergence.logRatio().error()).isCloseTo(ratioError, ROUNDING);
        assertThat(divergence.ratio().value()).isCloseTo(Math.exp(ratio), ROUNDING);
        assertThat(divergence.perplexity().value()).isCloseTo(Math.exp(mean(model)), within(1e-9));
        assertThat(divergence.basePerplexity().value()).isCloseTo(Math.exp(mean(base)), within(1e-9));
        assertThat(divergence.correlation())
                .isCloseTo(
                        covariance(model, base) / Math.sqrt(covariance(model, model) * covariance(base, base)),
                        ROUNDING);
        double left = Math.exp(mean(model));
        double right = Math.exp(mean(base));
        double differenceVariance = left * left * covariance(model, model)
                + right * right * covariance(base, base)
                - 2 * left * right * covariance(model, base);
        assertThat(divergence.difference().value()).isCloseTo(left - right, within(1e-9));
        assertThat(divergence.difference().error())
                .isCloseTo(Math.sqrt(differenceVariance / (tokens - 1)), within(1e-9));
        assertThat(divergence.changes().mean().value()).isCloseTo(mean(changes), ROUNDING);
        double square = Arrays.stream(changes).map(x -> x * x).average().orElseThrow();
        assertThat(divergence.rmsChange().value()).isCloseTo(Math.sqrt(square), ROUNDING);
        double share = same / (double) tokens;
        assertThat(share).as("a case of some interest").isBetween(0.1, 0.99);
        assertThat(divergence.sameTop().value()).isEqualTo(share);
        assertThat(divergence.sameTop().error()).isCloseTo(Math.sqrt(share * (1 - share) / (tokens - 1)), ROUNDING);
    }

    @Test
    void aTextIsCutIntoWholeChunksThatOpenWithBos() {
        int[] text = {9, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10};
        Chunks chunks = Chunks.of(text, 5, 77, -1);
        assertThat(chunks.count()).isEqualTo(2);
        assertThat(chunks.chunk(0)).containsExactly(77, 1, 2, 3, 4);
        assertThat(chunks.chunk(1)).containsExactly(77, 6, 7, 8, 9);
        assertThat(chunks.scored()).as("positions 2 and 3").isEqualTo(2);
        assertThat(Chunks.of(text, 4, -1, 1).chunk(0)).containsExactly(9, 1, 2, 3);
        assertThat(Chunks.of(text, 4, -1, 1).count()).isEqualTo(1);
        assertThat(chunks.first(1).count()).isEqualTo(1);
        assertThat(chunks.first(1).chunk(0)).containsExactly(chunks.chunk(0));
        assertThat(chunks.first(9).count()).isEqualTo(2);
        assertThat(text[0]).as("the caller's text stays as it is").isEqualTo(9);
    }

    @Test
    void chunksThatCannotBeAreRefused() {
        int[] text = new int[10];
        for (int[] wrong : new int[][] {{2, -1}, {-5, -1}, {5, 0}, {5, -2}, {11, -1}}) {
            assertThatThrownBy(() -> Chunks.of(text, wrong[0], 1, wrong[1]))
                    .isInstanceOf(ExcitorException.InvalidOption.class);
        }
    }

    private static double mean(double[] numbers) {
        return Arrays.stream(numbers).average().orElseThrow();
    }

    private static double covariance(double[] a, double[] b) {
        double sum = 0;
        for (int i = 0; i < a.length; i++) {
            sum += (a[i] - mean(a)) * (b[i] - mean(b));
        }
        return sum / a.length;
    }
}
