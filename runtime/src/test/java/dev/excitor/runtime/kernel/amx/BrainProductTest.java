package dev.excitor.runtime.kernel.amx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.data.Offset.offset;

import dev.excitor.runtime.foreign.GuardedArena.Place;
import dev.excitor.runtime.format.Format;
import dev.excitor.runtime.format.Samples;
import dev.excitor.runtime.kernel.avx512.Avx512Provider;
import dev.excitor.runtime.kernel.x86.Contents;
import dev.excitor.runtime.kernel.x86.Product;
import dev.excitor.runtime.team.Team;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/// Products in tiles are those of brain floats, whatever the sizes; nothing beside the operands is read or written,
/// which [Product#run] sees to in every single one.
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class BrainProductTest {

    /// On both sides of the borders of a tile, of a block and of a panel.
    private static final int[] ROWS = {1, 15, 16, 17, 31, 32, 33, 48, 130, 256, 257, 300};

    private static final int[] TOKENS = {16, 17, 31, 32, 33, 48, 65};

    private final Team one = new Team(1);
    private final Team two = new Team(2);
    private final Team three = new Team(3);
    private Avx512Provider few;
    private AmxProvider provider;

    static Stream<Arguments> formats() {
        return AmxCpu.named();
    }

    @BeforeAll
    static void needsTheProcessor() {
        AmxCpu.require();
    }

    @AfterAll
    void stopTeams() {
        one.close();
        two.close();
        three.close();
    }

    @BeforeEach
    void open() {
        few = Avx512Provider.openForFew(AmxProvider.TILES_FROM - 1);
        provider = AmxProvider.open(few);
    }

    @AfterEach
    void close() {
        provider.close();
        few.close();
    }

    @ParameterizedTest
    @MethodSource("formats")
    void everyNumberOfRows(Format format) {
        Product product = ordinary(new Random(Contents.SEED), format, 300, 256, 65);
        Sums exact = Sums.of(product);
        for (int rows : ROWS) {
            for (int n : TOKENS) {
                check(product, exact, rows, n);
            }
        }
    }

    /// Several runs of columns among them.
    @ParameterizedTest
    @MethodSource("formats")
    void everyWidth(Format format) {
        Random random = new Random(Contents.SEED);
        int unit = WeightSource.find(format).orElseThrow().unitWeights();
        IntStream narrow = IntStream.rangeClosed(1, 768 / unit).map(units -> units * unit);
        IntStream.concat(narrow, IntStream.of(2048, 2048 + unit, 5632)).forEach(cols -> {
            Product product = ordinary(random, format, 33, cols, 17);
            check(product, Sums.of(product), 33, 17);
        });
    }

    @ParameterizedTest
    @MethodSource("formats")
    void everyNumberOfActivations(Format format) {
        Product product = ordinary(new Random(Contents.SEED), format, 33, 256, 130);
        Sums exact = Sums.of(product);
        IntStream.rangeClosed(firstInTiles(format), 130).forEach(n -> check(product, exact, 33, n));
    }

    /// Integers that a float holds, with all sums of them: nothing may round, so that one weight that meets another's
    /// activation cannot hide in a bound.
    @ParameterizedTest
    @MethodSource("formats")
    void productsOfSmallIntegersAreExact(Format format) {
        Random random = new Random(Contents.SEED);
        for (int cols : new int[] {512, 2560}) {
            byte[] weights = integers(random, format, 33 * cols);
            float[] x = new float[40 * cols];
            for (int i = 0; i < x.length; i++) {
                int number = i % 32 == i / 32 % 32 ? 127 : random.nextInt(3) - 1;
                x[i] = Math.scalb(number, i / cols % 7 - 3); // a power of two for each row of activations
            }
            Product product = new Product(format, 33, cols, weights, x);
            Sums expected = Sums.of(product);
            float[] y = product.run(provider, one, Place.LAST, 33, 40);
            for (int i = 0; i < y.length; i++) {
                assertThat((double) y[i])
                        .as("number %d of %d columns, seed %d", i, cols, Contents.SEED)
                        .isEqualTo(expected.y[i]);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("formats")
    void teamsOfEverySizeGiveTheSameBits(Format format) {
        Product product = ordinary(new Random(Contents.SEED), format, 101, 768, 33);
        for (int n : new int[] {16, 33}) {
            int[] alone = bits(product.run(provider, one, Place.LAST, 101, n));
            for (Team team : new Team[] {two, three}) {
                assertThat(bits(product.run(provider, team, Place.LAST, 101, n)))
                        .as("team of %d, %d rows of activations, seed %d", team.size(), n, Contents.SEED)
                        .isEqualTo(alone);
            }
        }
    }

    /// Whatever its neighbours are, a row of activations gives the same bits.
    @ParameterizedTest
    @MethodSource("formats")
    void rowsOfActivationsDoNotInfluenceEachOther(Format format) {
        Random random = new Random(Contents.SEED);
        Product product = ordinary(random, format, 33, 768, 48);
        for (int n : new int[] {16, 33, 48}) {
            int kept = random.nextInt(n);
            float[] x = new float[48 * 768];
            Arrays.fill(x, Float.NaN);
            System.arraycopy(product.x(), kept * 768, x, kept * 768, 768);
            Product other = new Product(format, 33, 768, product.weights(), x);
            int[] expected = bits(product.run(provider, one, Place.LAST, 33, n));
            int[] actual = bits(other.run(provider, one, Place.LAST, 33, n));
            assertThat(Arrays.copyOfRange(actual, kept * 33, kept * 33 + 33))
                    .as("activations %d of %d, seed %d", kept, n, Contents.SEED)
                    .isEqualTo(Arrays.copyOfRange(expected, kept * 33, kept * 33 + 33));
        }
    }

    /// Rows whose weights are not finite are not finite, and the others do not notice.
    @ParameterizedTest
    @MethodSource("formats")
    void whatIsNotFiniteStaysInItsWeightRow(Format format) {
        Random random = new Random(Contents.SEED);
        Product clean = ordinary(random, format, 40, 768, 17);
        float[] expected = clean.run(provider, one, Place.LAST, 40, 17);
        int rowBytes = clean.weights().length / 40;
        int block = random.nextInt(rowBytes / format.blockBytes());
        for (int at : Contents.halves(format)) {
            int row = random.nextInt(40);
            byte[] weights = clean.weights().clone();
            Contents.putHalf(weights, row * rowBytes + block * format.blockBytes() + at, 0x7fc0); // NaN as either kind
            float[] actual = new Product(format, 40, 768, weights, clean.x()).run(provider, one, Place.LAST, 40, 17);
            for (int i = 0; i < actual.length; i++) {
                if (i % 40 == row) {
                    assertThat(actual[i]).as("number %d", i).isNaN();
                } else {
                    assertThat(actual[i]).as("number %d", i).isEqualTo(expected[i]);
                }
            }
        }
    }

    /// Floats meet tiles from one row of activations on, others from a tile of them.
    private static int firstInTiles(Format format) {
        return format.blockSize() == 1 ? 1 : AmxProvider.TILES_FROM;
    }

    /// Runs a corner and compares it with the same corner of the product of brain floats. Weights may be one brain
    /// float away from their definition, where the kernel rounds once and it rounds twice; a sum of so many products
    /// rounds once for each pair, and once more for the pair.
    private void check(Product product, Sums exact, int rows, int n) {
        int cols = product.cols();
        Place place = (rows + n) % 2 == 0 ? Place.LAST : Place.FIRST;
        float[] y = product.run(provider, one, place, rows, n);
        for (int i = 0; i < y.length; i++) {
            int at = i / rows * product.rows() + i % rows;
            double bound = exact.magnitude[at] * (0x1p-8 + (cols + 4) * 0x1p-24) + Float.MIN_NORMAL * cols;
            if (!(Math.abs(y[i] - exact.y[at]) <= bound)) {
                assertThat((double) y[i])
                        .as(
                                "number %d of %d rows and %d activations of %d columns of %s",
                                i, rows, n, cols, product.format().name())
                        .isCloseTo(exact.y[at], offset(bound));
            }
        }
    }

    /// What a product should be, number by number, with the sums of the magnitudes of all terms.
    private record Sums(double[] y, double[] magnitude) {

        static Sums of(Product product) {
            int rows = product.rows();
            int cols = product.cols();
            int n = product.x().length / cols;
            float[] decoded = Samples.decode(product.format(), product.weights());
            float[] w = BrainReference.rounded(decoded);
            float[] x = BrainReference.rounded(product.x());
            double[] y = new double[n * rows];
            double[] magnitude = new double[n * rows];
            for (int i = 0; i < n; i++) {
                for (int row = 0; row < rows; row++) {
                    double sum = 0;
                    double terms = 0;
                    for (int col = 0; col < cols; col++) {
                        double term = (double) w[row * cols + col] * x[i * cols + col];
                        sum += term;
                        terms += Math.abs(term);
                    }
                    y[i * rows + row] = sum;
                    magnitude[i * rows + row] = terms;
                }
            }
            return new Sums(y, magnitude);
        }
    }

    /// Weights that are small integers; those of floats fill a significand.
    private static byte[] integers(Random random, Format format, int count) {
        if (format.blockSize() > 1) {
            return Contents.integers(random, format, count / format.blockSize());
        }
        float[] numbers = new float[count];
        for (int i = 0; i < count; i++) {
            numbers[i] = random.nextInt(511) - 255;
        }
        byte[] weights = new byte[count * format.blockBytes()];
        format.encode(numbers, 0, count, MemorySegment.ofArray(weights), 0);
        return weights;
    }

    private static Product ordinary(Random random, Format format, int rows, int cols, int n) {
        byte[] weights = format.blockSize() == 1
                ? Samples.moderate(random, format, rows * cols)
                : Contents.ordinary(random, format, rows * (cols / format.blockSize()));
        return new Product(format, rows, cols, weights, Samples.gaussian(random, n * cols, 1));
    }

    private static int[] bits(float[] numbers) {
        return IntStream.range(0, numbers.length)
                .map(i -> Float.floatToRawIntBits(numbers[i]))
                .toArray();
    }
}
