package dev.excitor.runtime.kernel.avx512;

import static org.assertj.core.api.Assertions.assertThat;

import dev.excitor.runtime.foreign.GuardedArena.Place;
import dev.excitor.runtime.format.Format;
import dev.excitor.runtime.format.Samples;
import dev.excitor.runtime.kernel.avx512.Product.Exact;
import dev.excitor.runtime.team.Team;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.function.IntPredicate;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// What every [WeightCode] promises of its products, with few activations ([RowKernel]) and many ([TileKernel]):
/// they are those of the definition, whatever the sizes; and nothing beside the operands is read or written, which
/// [Product#run] sees to in every single one. A code is covered as soon as its line stands in [WeightCodes].
class ProductTest {

    /// On both sides of a panel's and of a pair's border.
    private static final List<Integer> ROWS = List.of(1, 2, 15, 16, 17, 31, 32, 33, 48, 101, 130);

    /// Numbers of activation rows that take one kernel each, and several.
    private static final List<Integer> FEW_AND_MANY = List.of(1, 2, 3, 4, 7, 8, 13);

    private static Team one;
    private static Team two;
    private static Team three;

    private Avx512Provider provider;

    @BeforeAll
    static void needsTheProcessor() {
        Avx512Cpu.require();
        one = new Team(1);
        two = new Team(2);
        three = new Team(3);
    }

    @AfterAll
    static void stopTeams() {
        for (Team team : new Team[] {one, two, three}) {
            if (team != null) {
                team.close();
            }
        }
    }

    @BeforeEach
    void open() {
        provider = Avx512Provider.open(true);
    }

    @AfterEach
    void close() {
        provider.close();
    }

    @ParameterizedTest
    @MethodSource("dev.excitor.runtime.kernel.avx512.Codes#all")
    void everyWidth(WeightCode code) {
        Random random = new Random(Codes.SEED);
        IntStream narrow = IntStream.rangeClosed(1, 1600 / code.unitWeights()).map(units -> units * code.unitWeights());
        IntStream.concat(narrow, IntStream.of(2048, 5632)).forEach(cols -> {
            Product product = ordinary(random, code, 33, cols, 9);
            Exact exact = product.exact();
            for (int n : new int[] {1, 2, 3, 4, 9}) {
                product.check(provider, one, place(cols / code.unitWeights() + n), 33, n, exact);
            }
        });
    }

    @ParameterizedTest
    @MethodSource("dev.excitor.runtime.kernel.avx512.Codes#all")
    void everyNumberOfRows(WeightCode code) {
        Product product = ordinary(new Random(Codes.SEED), code, 130, 768, 13);
        Exact exact = product.exact();
        for (int rows : ROWS) {
            for (int n : FEW_AND_MANY) {
                for (Place place : Place.values()) {
                    product.check(provider, one, place, rows, n, exact);
                }
            }
        }
    }

    @ParameterizedTest
    @MethodSource("dev.excitor.runtime.kernel.avx512.Codes#all")
    void everyNumberOfActivations(WeightCode code) {
        Product product = ordinary(new Random(Codes.SEED), code, 33, 768, 513);
        Exact exact = product.exact();
        IntStream.concat(IntStream.rangeClosed(1, 40), IntStream.of(64, 100, 513))
                .forEach(n -> product.check(provider, one, place(n), 33, n, exact));
    }

    @ParameterizedTest
    @MethodSource("dev.excitor.runtime.kernel.avx512.Codes#all")
    void scalesOfEveryMagnitude(WeightCode code) {
        Random random = new Random(Codes.SEED);
        Format format = Codes.format(code);
        byte[] weights = Samples.moderate(random, format, 48 * 768 / format.blockSize());
        Product product = new Product(code, 48, 768, weights, Samples.gaussian(random, 13 * 768, 1));
        Exact exact = product.exact();
        for (int n : FEW_AND_MANY) {
            product.check(provider, one, place(n), 48, n, exact);
        }
    }

    /// Integers that a float holds, with all sums of them: nothing may round, so that one weight that meets
    /// another's activation cannot hide in a bound.
    @ParameterizedTest
    @MethodSource("dev.excitor.runtime.kernel.avx512.Codes#all")
    void productsOfSmallIntegersAreExact(WeightCode code) {
        Random random = new Random(Codes.SEED);
        Format format = Codes.format(code);
        byte[] weights = Codes.integers(random, format, 33 * 768 / format.blockSize());
        float[] x = new float[13 * 768];
        for (int i = 0; i < x.length; i++) {
            int number = i % 32 == i / 32 % 32 ? 127 : random.nextInt(3) - 1;
            x[i] = Math.scalb(number, i / 768 % 7 - 3); // a power of two for each row of activations
        }
        Product product = new Product(code, 33, 768, weights, x);
        double[] expected = product.exact().y();
        for (int n : FEW_AND_MANY) {
            float[] y = product.run(provider, one, place(n), 33, n);
            for (int i = 0; i < y.length; i++) {
                assertThat((double) y[i])
                        .as("number %d of %d rows of activations, seed %d", i, n, Codes.SEED)
                        .isEqualTo(expected[i]);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("dev.excitor.runtime.kernel.avx512.Codes#all")
    void teamsOfEverySizeGiveTheSameBits(WeightCode code) {
        Product product = ordinary(new Random(Codes.SEED), code, 101, 768, 13);
        for (int n : FEW_AND_MANY) {
            int[] alone = bits(product.run(provider, one, Place.LAST, 101, n));
            for (Team team : new Team[] {two, three}) {
                assertThat(bits(product.run(provider, team, Place.LAST, 101, n)))
                        .as("team of %d, %d rows of activations, seed %d", team.size(), n, Codes.SEED)
                        .isEqualTo(alone);
            }
        }
    }

    /// Rows whose weights are not finite are not finite, and the others do not notice.
    @ParameterizedTest
    @MethodSource("dev.excitor.runtime.kernel.avx512.Codes#all")
    void whatIsNotFiniteStaysInItsWeightRow(WeightCode code) {
        Random random = new Random(Codes.SEED);
        Format format = Codes.format(code);
        Product clean = ordinary(random, code, 40, 768, 9);
        int blocksOfARow = 768 / format.blockSize();
        for (int at : Codes.halves(format)) {
            for (int half : new int[] {0x7e00, 0x7c00, 0xfc00}) {
                int row = random.nextInt(40);
                byte[] weights = clean.weights().clone();
                int block = row * blocksOfARow + random.nextInt(blocksOfARow);
                Codes.putHalf(weights, block * format.blockBytes() + at, half);
                Product spoilt = new Product(code, 40, 768, weights, clean.x());
                assertSpoilt(clean, spoilt, i -> i % 40 == row);
            }
        }
    }

    /// Activations that are not finite spoil their own row of the result, and the others do not notice.
    @ParameterizedTest
    @MethodSource("dev.excitor.runtime.kernel.avx512.Codes#all")
    void whatIsNotFiniteStaysInItsRowOfActivations(WeightCode code) {
        Random random = new Random(Codes.SEED);
        Product clean = ordinary(random, code, 40, 768, 9);
        for (float bad : new float[] {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY}) {
            float[] x = clean.x().clone();
            int token = random.nextInt(4);
            x[token * 768 + random.nextInt(768)] = bad;
            Product spoilt = new Product(code, 40, 768, clean.weights(), x);
            assertSpoilt(clean, spoilt, i -> i / 40 == token);
        }
    }

    /// Whatever its neighbours are, a row of activations gives the same bits.
    @ParameterizedTest
    @MethodSource("dev.excitor.runtime.kernel.avx512.Codes#all")
    void rowsOfActivationsDoNotInfluenceEachOther(WeightCode code) {
        Random random = new Random(Codes.SEED);
        Product product = ordinary(random, code, 33, 768, 13);
        for (int n : FEW_AND_MANY) {
            int kept = random.nextInt(n);
            float[] x = Samples.gaussian(random, 13 * 768, 1e6);
            System.arraycopy(product.x(), kept * 768, x, kept * 768, 768);
            Product other = new Product(code, 33, 768, product.weights(), x);
            int[] expected = bits(product.run(provider, one, Place.LAST, 33, n));
            int[] actual = bits(other.run(provider, one, Place.LAST, 33, n));
            assertThat(Arrays.copyOfRange(actual, kept * 33, kept * 33 + 33))
                    .as("activations %d of %d, seed %d", kept, n, Codes.SEED)
                    .isEqualTo(Arrays.copyOfRange(expected, kept * 33, kept * 33 + 33));
        }
    }

    private void assertSpoilt(Product clean, Product spoilt, IntPredicate isSpoilt) {
        for (int n : new int[] {1, 4, 9}) {
            float[] expected = clean.run(provider, one, Place.LAST, 40, n);
            float[] actual = spoilt.run(provider, one, Place.LAST, 40, n);
            for (int i = 0; i < actual.length; i++) {
                if (isSpoilt.test(i)) {
                    assertThat(Float.isFinite(actual[i]))
                            .as("number %d of %d rows of activations is finite, seed %d", i, n, Codes.SEED)
                            .isFalse();
                } else {
                    assertThat(Float.floatToRawIntBits(actual[i]))
                            .as("number %d of %d rows of activations, seed %d", i, n, Codes.SEED)
                            .isEqualTo(Float.floatToRawIntBits(expected[i]));
                }
            }
        }
    }

    private static Product ordinary(Random random, WeightCode code, int rows, int cols, int n) {
        Format format = Codes.format(code);
        byte[] weights = Codes.ordinary(random, format, rows * (cols / format.blockSize()));
        return new Product(code, rows, cols, weights, Samples.gaussian(random, n * cols, 1));
    }

    private static Place place(int number) {
        return number % 2 == 0 ? Place.LAST : Place.FIRST;
    }

    private static int[] bits(float[] numbers) {
        return IntStream.range(0, numbers.length)
                .map(i -> Float.floatToRawIntBits(numbers[i]))
                .toArray();
    }
}
