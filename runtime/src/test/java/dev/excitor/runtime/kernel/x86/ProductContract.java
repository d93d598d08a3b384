package dev.excitor.runtime.kernel.x86;

import static org.assertj.core.api.Assertions.assertThat;

import dev.excitor.runtime.foreign.GuardedArena.Place;
import dev.excitor.runtime.format.Format;
import dev.excitor.runtime.format.Samples;
import dev.excitor.runtime.kernel.KernelProvider;
import dev.excitor.runtime.kernel.x86.Product.Exact;
import dev.excitor.runtime.team.Team;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.function.IntPredicate;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/// What a tier promises of the products of every format that it unpacks, with few activations and many: they are
/// those of the definition, whatever the sizes; and nothing beside the operands is read or written, which
/// [Product#run] sees to in every single one.
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
public abstract class ProductContract {

    /// On both sides of a panel's and of a pair's border.
    private static final List<Integer> ROWS = List.of(1, 2, 15, 16, 17, 31, 32, 33, 48, 101, 130);

    /// Numbers of activation rows that take one kernel each, and several.
    private static final List<Integer> FEW_AND_MANY = List.of(1, 2, 3, 4, 7, 8, 13);

    /// The signs of four activations of each row: what meets in one lane.
    private static final String[] SIGNS = {"++++", "----", "++--", "+-+-", "--++"};

    private final TierUnderTest tier;
    private Team one;
    private Team two;
    private Team three;
    private KernelProvider provider;

    protected ProductContract(TierUnderTest tier) {
        this.tier = tier;
    }

    Stream<Arguments> formats() {
        return tier.formats().stream().map(format -> Arguments.of(Named.of(format.name(), format)));
    }

    @BeforeAll
    void needsTheProcessor() {
        Machine.require(tier);
        one = new Team(1);
        two = new Team(2);
        three = new Team(3);
    }

    @AfterAll
    void stopTeams() {
        for (Team team : new Team[] {one, two, three}) {
            if (team != null) {
                team.close();
            }
        }
    }

    @BeforeEach
    void open() {
        provider = tier.open();
    }

    @AfterEach
    void close() {
        provider.close();
    }

    @ParameterizedTest
    @MethodSource("formats")
    void everyWidth(Format format) {
        Random random = new Random(Contents.SEED);
        int unit = tier.unitWeights(format);
        IntStream narrow = IntStream.rangeClosed(1, 1600 / unit).map(units -> units * unit);
        IntStream.concat(narrow, IntStream.of(2048, 5632)).forEach(cols -> {
            Product product = ordinary(random, format, 33, cols, 9);
            Exact exact = product.exact(tier);
            for (int n : new int[] {1, 2, 3, 4, 9}) {
                product.check(provider, one, place(cols / unit + n), 33, n, exact);
            }
        });
    }

    @ParameterizedTest
    @MethodSource("formats")
    void everyNumberOfRows(Format format) {
        Product product = ordinary(new Random(Contents.SEED), format, 130, 768, 13);
        Exact exact = product.exact(tier);
        for (int rows : ROWS) {
            for (int n : FEW_AND_MANY) {
                for (Place place : Place.values()) {
                    product.check(provider, one, place, rows, n, exact);
                }
            }
        }
    }

    @ParameterizedTest
    @MethodSource("formats")
    void everyNumberOfActivations(Format format) {
        Product product = ordinary(new Random(Contents.SEED), format, 33, 768, 513);
        Exact exact = product.exact(tier);
        IntStream.concat(IntStream.rangeClosed(1, 40), IntStream.of(64, 100, 513))
                .forEach(n -> product.check(provider, one, place(n), 33, n, exact));
    }

    @ParameterizedTest
    @MethodSource("formats")
    void scalesOfEveryMagnitude(Format format) {
        Random random = new Random(Contents.SEED);
        byte[] weights = Samples.moderate(random, format, 48 * 768 / format.blockSize());
        Product product = new Product(format, 48, 768, weights, Samples.gaussian(random, 13 * 768, 1));
        Exact exact = product.exact(tier);
        for (int n : FEW_AND_MANY) {
            product.check(provider, one, place(n), 48, n, exact);
        }
    }

    /// Bytes that make the largest of all weights, in either direction, against activations that are all as large
    /// as they can be: the sums where integers could run over.
    @ParameterizedTest
    @MethodSource("formats")
    void theLargestWeightsMeetTheLargestActivations(Format format) {
        for (int fill : new int[] {0x00, 0xff, 0x80, 0x7f, 0x88, 0x0f, 0xf0}) {
            byte[] weights = Contents.uniform(format, 17 * 768 / format.blockSize(), fill);
            float[] x = new float[5 * 768];
            for (int i = 0; i < x.length; i++) {
                x[i] = SIGNS[i / 768].charAt(i % 4) == '+' ? 127 : -127;
            }
            Product product = new Product(format, 17, 768, weights, x);
            Exact exact = product.exact(tier);
            for (int n = 1; n <= 5; n++) {
                product.check(provider, one, place(n), 17, n, exact);
            }
        }
    }

    /// Integers that a float holds, with all sums of them: nothing may round, so that one weight that meets
    /// another's activation cannot hide in a bound.
    @ParameterizedTest
    @MethodSource("formats")
    void productsOfSmallIntegersAreExact(Format format) {
        Random random = new Random(Contents.SEED);
        byte[] weights = Contents.integers(random, format, 33 * 768 / format.blockSize());
        float[] x = new float[13 * 768];
        for (int i = 0; i < x.length; i++) {
            int number = i % 32 == i / 32 % 32 ? 127 : random.nextInt(3) - 1;
            x[i] = Math.scalb(number, i / 768 % 7 - 3); // a power of two for each row of activations
        }
        Product product = new Product(format, 33, 768, weights, x);
        double[] expected = product.exact(tier).y();
        for (int n : FEW_AND_MANY) {
            float[] y = product.run(provider, one, place(n), 33, n);
            for (int i = 0; i < y.length; i++) {
                assertThat((double) y[i])
                        .as("number %d of %d rows of activations, seed %d", i, n, Contents.SEED)
                        .isEqualTo(expected[i]);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("formats")
    void teamsOfEverySizeGiveTheSameBits(Format format) {
        Product product = ordinary(new Random(Contents.SEED), format, 101, 768, 13);
        for (int n : FEW_AND_MANY) {
            int[] alone = bits(product.run(provider, one, Place.LAST, 101, n));
            for (Team team : new Team[] {two, three}) {
                assertThat(bits(product.run(provider, team, Place.LAST, 101, n)))
                        .as("team of %d, %d rows of activations, seed %d", team.size(), n, Contents.SEED)
                        .isEqualTo(alone);
            }
        }
    }

    /// Rows whose weights are not finite are not finite, and the others do not notice.
    @ParameterizedTest
    @MethodSource("formats")
    void whatIsNotFiniteStaysInItsWeightRow(Format format) {
        Random random = new Random(Contents.SEED);
        Product clean = ordinary(random, format, 40, 768, 9);
        int blocksOfARow = 768 / format.blockSize();
        for (int at : Contents.halves(format)) {
            for (int half : new int[] {0x7e00, 0x7c00, 0xfc00}) {
                int row = random.nextInt(40);
                byte[] weights = clean.weights().clone();
                int block = row * blocksOfARow + random.nextInt(blocksOfARow);
                Contents.putHalf(weights, block * format.blockBytes() + at, half);
                Product spoilt = new Product(format, 40, 768, weights, clean.x());
                assertSpoilt(clean, spoilt, i -> i % 40 == row);
            }
        }
    }

    /// Activations that are not finite spoil their own row of the result, and the others do not notice.
    @ParameterizedTest
    @MethodSource("formats")
    void whatIsNotFiniteStaysInItsRowOfActivations(Format format) {
        Random random = new Random(Contents.SEED);
        Product clean = ordinary(random, format, 40, 768, 9);
        for (float bad : new float[] {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY}) {
            float[] x = clean.x().clone();
            int token = random.nextInt(4);
            x[token * 768 + random.nextInt(768)] = bad;
            Product spoilt = new Product(format, 40, 768, clean.weights(), x);
            assertSpoilt(clean, spoilt, i -> i / 40 == token);
        }
    }

    /// Whatever its neighbours are, a row of activations gives the same bits.
    @ParameterizedTest
    @MethodSource("formats")
    void rowsOfActivationsDoNotInfluenceEachOther(Format format) {
        Random random = new Random(Contents.SEED);
        Product product = ordinary(random, format, 33, 768, 13);
        for (int n : FEW_AND_MANY) {
            int kept = random.nextInt(n);
            float[] x = Samples.gaussian(random, 13 * 768, 1e6);
            System.arraycopy(product.x(), kept * 768, x, kept * 768, 768);
            Product other = new Product(format, 33, 768, product.weights(), x);
            int[] expected = bits(product.run(provider, one, Place.LAST, 33, n));
            int[] actual = bits(other.run(provider, one, Place.LAST, 33, n));
            assertThat(Arrays.copyOfRange(actual, kept * 33, kept * 33 + 33))
                    .as("activations %d of %d, seed %d", kept, n, Contents.SEED)
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
                            .as("number %d of %d rows of activations is finite, seed %d", i, n, Contents.SEED)
                            .isFalse();
                } else {
                    assertThat(Float.floatToRawIntBits(actual[i]))
                            .as("number %d of %d rows of activations, seed %d", i, n, Contents.SEED)
                            .isEqualTo(Float.floatToRawIntBits(expected[i]));
                }
            }
        }
    }

    private static Product ordinary(Random random, Format format, int rows, int cols, int n) {
        byte[] weights = Contents.ordinary(random, format, rows * (cols / format.blockSize()));
        return new Product(format, rows, cols, weights, Samples.gaussian(random, n * cols, 1));
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
