package dev.excitor.runtime.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.excitor.runtime.Shape;
import dev.excitor.runtime.vector.Lanes;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/// What every number format promises, whatever it is: a format is covered as soon as its line stands in [Formats].
///
/// The scalar decode is the definition; the vector kernels are proved equal to it at every width, on ordinary and on
/// hostile bytes.
class FormatContractTest {

    private static final long SEED = 20261123;
    private static final float CANARY = Float.intBitsToFloat(0x4b1d4b1d);

    static List<Format> formats() {
        return Formats.all();
    }

    /// Every format that has a vector kernel, at every width.
    static Stream<Arguments> kernels() {
        return Formats.all().stream()
                .filter(format -> format.vectorKernel().isPresent())
                .flatMap(format -> Lanes.WIDTHS.stream().map(bits -> Arguments.of(format, bits)));
    }

    @ParameterizedTest
    @MethodSource("formats")
    void isKnownByTheNameAndTheNumberOfGgml(Format format) {
        assertThat(Formats.nameOf(format.ggmlType())).isEqualTo(format.name());
        assertThat(Formats.find(format.ggmlType())).containsSame(format);
        assertThat(Formats.of(format.name())).isSameAs(format);
        assertThat(Formats.all().stream().filter(other -> other.ggmlType() == format.ggmlType()))
                .hasSize(1);
    }

    @ParameterizedTest
    @MethodSource("formats")
    void sizesAgree(Format format) {
        assertThat(format.blockSize()).isPositive();
        assertThat(format.blockBytes()).isPositive();
        int cols = 6 * format.blockSize();
        assertThat(format.rowBytes(cols)).isEqualTo(6L * format.blockBytes());
        assertThat(format.bytes(new Shape(5, cols))).isEqualTo(30L * format.blockBytes());
        assertThat(format.bitsPerWeight()).isBetween(1.0, 32.0);
    }

    @ParameterizedTest
    @MethodSource("formats")
    void hasAVectorKernel(Format format) {
        assertThat(format.vectorKernel()).isPresent();
    }

    @ParameterizedTest
    @MethodSource("formats")
    void encodingKeepsGaussianNumbersWithinTheErrorOfItsBits(Format format) {
        float[] numbers = Samples.gaussian(new Random(SEED), 64 * 256, 0.02);
        byte[] bytes = encode(format, numbers);
        float[] decoded = Samples.decode(format, bytes);
        double bound = format.blockSize() == 1 ? 0x1p-8 : 3 * Math.pow(2, -format.bitsPerWeight());
        assertThat(relativeError(decoded, numbers))
                .as("relative rms error of %s, seed %d", format.name(), SEED)
                .isLessThan(bound);
    }

    @ParameterizedTest
    @MethodSource("formats")
    void encodingZerosGivesZeros(Format format) {
        // Of either sign: some formats put the sign into the scale.
        for (float number : Samples.decode(format, encode(format, new float[2 * 256]))) {
            assertThat(Math.abs(number)).as(format.name()).isZero();
        }
    }

    @ParameterizedTest
    @MethodSource("formats")
    void encodingExtremesStaysFinite(Format format) {
        // The f16 scales of block formats end at 65,504; every level of magnitude below must survive.
        for (double magnitude : new double[] {1e-40, 1e-12, 1e-7, 1e-4, 1, 1e4}) {
            float[] numbers = Samples.gaussian(new Random(SEED), 256, magnitude);
            for (float number : Samples.decode(format, encode(format, numbers))) {
                assertThat(Math.abs(number))
                        .as("%s of numbers near %g, seed %d", format.name(), magnitude, SEED)
                        .isLessThan((float) Math.max(8 * magnitude, 1e-6));
            }
        }
        for (float constant : new float[] {1f, -1f, 0.1f, -3e-3f, 1e3f}) {
            float[] numbers = new float[256];
            Arrays.fill(numbers, constant);
            assertThat(relativeError(Samples.decode(format, encode(format, numbers)), numbers))
                    .as("%s of a block of %g", format.name(), constant)
                    .isLessThan(0.15);
        }
    }

    @ParameterizedTest
    @MethodSource("formats")
    void encodeAndDecodeTouchNothingBesideTheirBlocks(Format format) {
        int count = 3 * format.blockSize();
        int bytes = 3 * format.blockBytes();
        float[] numbers = Samples.gaussian(new Random(SEED), count + 10, 1);
        try (Arena arena = Arena.ofShared()) {
            MemorySegment target = arena.allocate(bytes + 20L);
            target.fill((byte) 0x5a);
            format.encode(numbers, 5, count, target, 7);
            assertThat(bytesOf(target.asSlice(0, 7))).containsOnly(0x5a);
            assertThat(bytesOf(target.asSlice(7L + bytes))).containsOnly(0x5a);
            assertThat(bytesOf(target.asSlice(7, bytes)))
                    .isEqualTo(encode(format, Arrays.copyOfRange(numbers, 5, 5 + count)));

            float[] decoded = new float[count + 10];
            Arrays.fill(decoded, CANARY);
            format.decode(target, 7, decoded, 5, count);
            assertThat(Arrays.copyOfRange(decoded, 0, 5)).containsOnly(CANARY);
            assertThat(Arrays.copyOfRange(decoded, 5 + count, count + 10)).containsOnly(CANARY);
            assertThat(Arrays.copyOfRange(decoded, 5, 5 + count))
                    .isEqualTo(Samples.decode(format, bytesOf(target.asSlice(7, bytes))));
        }
    }

    @ParameterizedTest
    @MethodSource("kernels")
    void vectorDecodeEqualsScalarDecodeBitForBit(Format format, int bits) {
        VectorKernel kernel = kernel(format, bits);
        Random random = new Random(SEED + bits);
        int bytes = format.blockBytes();
        byte[] ones = new byte[2 * bytes];
        Arrays.fill(ones, (byte) 0xff);
        assertDecodesEqually(format, kernel, new byte[2 * bytes], "zeros");
        assertDecodesEqually(format, kernel, ones, "0xff");
        assertDecodesEqually(format, kernel, Samples.hostile(random, format), "hostile fields");
        assertDecodesEqually(format, kernel, encode(format, Samples.gaussian(random, 4 * 256, 1)), "gaussian numbers");
        for (int blocks = 1; blocks <= 67; blocks++) {
            assertDecodesEqually(format, kernel, Samples.random(random, blocks * bytes), blocks + " random blocks");
        }
    }

    @ParameterizedTest
    @MethodSource("kernels")
    void productsOfGaussianRowsAreWithinTheBound(Format format, int bits) {
        VectorKernel kernel = kernel(format, bits);
        Random random = new Random(SEED + bits);
        for (int cols : widthsOf(format)) {
            int rows = 5;
            float[] numbers = Samples.gaussian(random, rows * cols, 0.05);
            assertProduct(format, kernel, encode(format, numbers), rows, cols, Samples.gaussian(random, cols, 1));
        }
    }

    @ParameterizedTest
    @MethodSource("kernels")
    void productsOfRandomBlocksAreWithinTheBound(Format format, int bits) {
        VectorKernel kernel = kernel(format, bits);
        Random random = new Random(SEED + bits);
        for (int cols : widthsOf(format)) {
            int rows = 3;
            byte[] blocks = Samples.moderate(random, format, rows * (cols / format.blockSize()));
            assertProduct(format, kernel, blocks, rows, cols, Samples.gaussian(random, cols, 1));
        }
    }

    @ParameterizedTest
    @MethodSource("kernels")
    void productsOfRowsThatAreNotFiniteAreNotFinite(Format format, int bits) {
        VectorKernel kernel = kernel(format, bits);
        Random random = new Random(SEED + bits);
        byte[] blocks = Samples.hostile(random, format);
        int size = format.blockSize();
        int rows = blocks.length / format.blockBytes();
        float[] decoded = Samples.decode(format, blocks);
        float[] x = new float[size];
        Arrays.fill(x, 0x1p-100f);
        float[] y = product(kernel, blocks, rows, size, x, 0, rows);
        for (int row = 0; row < rows; row++) {
            boolean finite = IntStream.range(row * size, (row + 1) * size).allMatch(i -> Float.isFinite(decoded[i]));
            assertThat(Float.isFinite(y[row]))
                    .as("row %d of %s is finite, at %d bits, seed %d", row, format.name(), bits, SEED + bits)
                    .isEqualTo(finite);
        }
    }

    @ParameterizedTest
    @MethodSource("kernels")
    void productsTouchOnlyTheRowsAskedFor(Format format, int bits) {
        VectorKernel kernel = kernel(format, bits);
        Random random = new Random(SEED + bits);
        int cols = 3 * format.blockSize();
        int rows = 9;
        byte[] blocks = encode(format, Samples.gaussian(random, rows * cols, 1));
        float[] x = Samples.gaussian(random, cols, 1);
        float[] all = product(kernel, blocks, rows, cols, x, 0, rows);
        for (int[] range : new int[][] {{0, 0}, {0, 1}, {3, 8}, {4, 9}, {9, 9}, {2, 4}, {1, 9}}) {
            float[] some = product(kernel, blocks, rows, cols, x, range[0], range[1]);
            for (int row = 0; row < rows; row++) {
                float expected = row >= range[0] && row < range[1] ? all[row] : CANARY;
                assertThat(some[row])
                        .as("row %d of rows %d to %d of %s", row, range[0], range[1], format.name())
                        .isEqualTo(expected);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("kernels")
    void aMatrixThatIsTooShortIsAnErrorAndNotARead(Format format, int bits) {
        VectorKernel kernel = kernel(format, bits);
        int cols = 2 * format.blockSize();
        byte[] blocks = encode(format, Samples.gaussian(new Random(SEED), 2 * cols, 1));
        byte[] cut = Arrays.copyOf(blocks, blocks.length - 1);
        assertThatThrownBy(() -> product(kernel, cut, 2, cols, new float[cols], 0, 2))
                .isInstanceOf(IndexOutOfBoundsException.class);
    }

    /// Asserts `|fast - exact| <= (cols + 8) eps sum |w x|` for every row, where the 8 stands for the products with
    /// scales and for the sum over lanes.
    private static void assertProduct(
            Format format, VectorKernel kernel, byte[] blocks, int rows, int cols, float[] x) {
        float[] w = Samples.decode(format, blocks);
        float[] y = product(kernel, blocks, rows, cols, x, 0, rows);
        for (int row = 0; row < rows; row++) {
            double exact = 0;
            double magnitude = 0;
            for (int col = 0; col < cols; col++) {
                double term = (double) w[row * cols + col] * x[col];
                exact += term;
                magnitude += Math.abs(term);
            }
            double bound = (cols + 8) * (0x1p-23 * magnitude + Float.MIN_VALUE);
            assertThat(Math.abs(y[row] - exact))
                    .as(
                            "error of row %d of a %dx%d %s product, %s instead of %s, seed %d",
                            row, rows, cols, format.name(), y[row], exact, SEED)
                    .isLessThanOrEqualTo(bound);
        }
    }

    /// A product with canaries on both sides of y; rows that were not asked for stay canaries.
    private static float[] product(
            VectorKernel kernel, byte[] blocks, int rows, int cols, float[] x, int from, int to) {
        try (Arena arena = Arena.ofShared()) {
            float[] padded = new float[3 + x.length + 2];
            Arrays.fill(padded, Float.NaN);
            System.arraycopy(x, 0, padded, 3, x.length);
            float[] y = new float[5 + rows + 2];
            Arrays.fill(y, CANARY);
            kernel.gemv(Samples.exact(arena, blocks), cols, padded, 3, y, 5 + from, from, to);
            float[] result = Arrays.copyOfRange(y, 5, 5 + rows);
            Arrays.fill(y, 5 + from, 5 + to, CANARY);
            assertThat(y).as("numbers around y").containsOnly(CANARY);
            return result;
        }
    }

    private static void assertDecodesEqually(Format format, VectorKernel kernel, byte[] blocks, String what) {
        int count = blocks.length / format.blockBytes() * format.blockSize();
        float[] expected = Samples.decode(format, blocks);
        float[] decoded = new float[count + 7];
        Arrays.fill(decoded, CANARY);
        try (Arena arena = Arena.ofShared()) {
            kernel.decode(Samples.exact(arena, blocks), 0, decoded, 3, count);
        }
        for (int i = 0; i < decoded.length; i++) {
            float wanted = i < 3 || i >= count + 3 ? CANARY : expected[i - 3];
            // floatToIntBits makes all NaNs one: their payloads are not part of the promise.
            if (Float.floatToIntBits(decoded[i]) != Float.floatToIntBits(wanted)) {
                assertThat(decoded[i])
                        .as("number %d of %s of %s, seed %d", i - 3, what, format.name(), SEED)
                        .isEqualTo(wanted);
            }
        }
    }

    /// A few blocks up to a few more than any kernel takes at once; every length up to 67 where blocks are single
    /// numbers.
    private static List<Integer> widthsOf(Format format) {
        List<Integer> widths = new ArrayList<>();
        if (format.blockSize() == 1) {
            IntStream.rangeClosed(1, 67).forEach(widths::add);
            widths.addAll(List.of(127, 128, 129, 255, 257));
        } else {
            for (int blocks : new int[] {1, 2, 3, 4, 5, 7, 8, 9, 17}) {
                widths.add(blocks * format.blockSize());
            }
        }
        return widths;
    }

    private static byte[] encode(Format format, float[] numbers) {
        byte[] bytes = new byte[Math.toIntExact(format.rowBytes(numbers.length))];
        format.encode(numbers, 0, numbers.length, MemorySegment.ofArray(bytes), 0);
        return bytes;
    }

    private static VectorKernel kernel(Format format, int bits) {
        return VectorKernel.of(format.vectorKernel().orElseThrow(), bits);
    }

    private static byte[] bytesOf(MemorySegment segment) {
        return segment.toArray(ValueLayout.JAVA_BYTE);
    }

    private static double relativeError(float[] actual, float[] expected) {
        double error = 0;
        double power = 0;
        for (int i = 0; i < expected.length; i++) {
            error += Math.pow((double) actual[i] - expected[i], 2);
            power += Math.pow(expected[i], 2);
        }
        return Math.sqrt(error / power);
    }
}
