package dev.excitor.runtime.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import dev.excitor.runtime.Shape;
import dev.excitor.runtime.Tensor;
import dev.excitor.runtime.format.Blocks;
import dev.excitor.runtime.format.Format;
import dev.excitor.runtime.format.Formats;
import dev.excitor.runtime.kernel.avx2.Avx2Cpu;
import dev.excitor.runtime.kernel.avx512.Avx512Cpu;
import dev.excitor.runtime.kernel.scalar.ScalarMatMul;
import dev.excitor.runtime.kernel.x86.Q8Reference;
import dev.excitor.runtime.team.Team;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Every kernel of the chain against the scalar definition: all formats, tiers, widths, team sizes, and row counts
/// on both sides of each border inside the kernels.
class MatMulTest {

    private static final float CANARY = 12345.678f;
    private static final List<Integer> ROWS_OF_X = List.of(1, 2, 4, 7, 8, 11, 12, 13, 31, 32, 33, 70);

    record Case(Format format, Kernels.Tier tier, int bits) {
        @Override
        public String toString() {
            return "%s, %s tier of %d bits, seed %d".formatted(format.name(), tier, bits, bits);
        }
    }

    static Stream<Case> cases() {
        return Formats.all().stream()
                .flatMap(format -> Stream.concat(
                        Stream.of(128, 256, 512)
                                .filter(bits -> format.vectorKernel().isPresent())
                                .map(bits -> new Case(format, Kernels.Tier.VECTOR, bits)),
                        Stream.of(Kernels.Tier.AVX512, Kernels.Tier.AVX2).map(tier -> new Case(format, tier, 0))));
    }

    @ParameterizedTest
    @MethodSource("cases")
    void productsAgreeWithTheDefinition(Case given) {
        if (given.tier() == Kernels.Tier.AVX512) {
            Avx512Cpu.require();
        } else if (given.tier() == Kernels.Tier.AVX2) {
            Avx2Cpu.require();
        }
        Random random = new Random(given.bits());
        int cols = cols(given);
        try (Kernels kernels = Kernels.of(given.tier(), given.bits());
                Arena arena = Arena.ofShared();
                Team one = new Team(1);
                Team three = new Team(3)) {
            Tensor w = randomTensor(arena, given.format(), new Shape(101, cols), random);
            for (int n : ROWS_OF_X) {
                MatMul kernel = kernels.choose(w, n == 1 ? Regime.DECODE : Regime.PREFILL)
                        .kernel();
                float[] x = randomNumbers(n * cols, random);
                float[] seen = roundsToBytes(kernel) ? rounded(x) : x;
                float[] expected = multiply(arena, one, new ScalarMatMul(), w, n, seen);
                float[] actual = multiply(arena, one, kernel, w, n, x);
                double[] bound = bounds(w, n, seen);
                for (int i = 0; i < expected.length; i++) {
                    if (!(Math.abs((double) actual[i] - expected[i]) <= bound[i])) {
                        assertThat((double) actual[i])
                                .as("%s by %s, %d rows of x, element %d", given, kernel.name(), n, i)
                                .isBetween(expected[i] - bound[i], expected[i] + bound[i]);
                    }
                }
                assertThat(multiply(arena, three, kernel, w, n, x))
                        .as("%s by %s with three threads", given, kernel.name())
                        .containsExactly(actual);
            }
        }
    }

    private static float[] multiply(Arena arena, Team team, MatMul kernel, Tensor w, int n, float[] numbers) {
        int rows = w.shape().rows();
        int cols = w.shape().cols();
        int stride = rows + 3;
        Activations x = new Activations(arena, n, cols, kernel.packings());
        Blocks.copyF32(numbers, 0, x.data(), 0, numbers.length);
        x.rows(n);
        MemorySegment y = arena.allocate(4L * n * stride);
        for (long i = 0; i < (long) n * stride; i++) {
            Blocks.putF32(y, 4 * i, CANARY);
        }
        team.run(worker -> {
            Packing<?> packing = kernel.packing(n);
            if (packing != null) {
                x.pack(worker, packing);
            }
            worker.barrier();
            kernel.apply(worker, w, x, y, stride);
        });
        float[] result = new float[n * rows];
        for (int i = 0; i < n; i++) {
            for (int row = 0; row < rows; row++) {
                result[i * rows + row] = Blocks.f32(y, 4L * (i * stride + row));
            }
            for (int pad = rows; pad < stride; pad++) {
                assertThat(Blocks.f32(y, 4L * (i * stride + pad))).isEqualTo(CANARY);
            }
        }
        return result;
    }

    /// No multiple of what vector kernels take at once, and one of what the native ones want.
    private static int cols(Case given) {
        if (given.format().blockSize() >= 256) {
            return 768;
        }
        return given.tier() == Kernels.Tier.VECTOR ? 544 + given.format().blockSize() : 576;
    }

    private static boolean roundsToBytes(MatMul kernel) {
        return kernel.name().startsWith("native") && !kernel.packings().isEmpty();
    }

    /// The activations that a kernel sees which rounds them to bytes.
    private static float[] rounded(float[] x) {
        double[] rounded = Q8Reference.rounded(x);
        float[] result = new float[x.length];
        for (int i = 0; i < result.length; i++) {
            result[i] = (float) rounded[i];
        }
        return result;
    }

    /// c n eps sum |w x|, element by element.
    private static double[] bounds(Tensor w, int n, float[] x) {
        int rows = w.shape().rows();
        int cols = w.shape().cols();
        double[] bounds = new double[n * rows];
        float[] weights = new float[cols];
        for (int row = 0; row < rows; row++) {
            w.format().decode(w.data(), row * w.rowBytes(), weights, 0, cols);
            for (int i = 0; i < n; i++) {
                double sum = 0;
                for (int col = 0; col < cols; col++) {
                    sum += Math.abs((double) weights[col] * x[i * cols + col]);
                }
                bounds[i * rows + row] = 0.25 * cols * Math.ulp(1f) * sum + Float.MIN_VALUE;
            }
        }
        return bounds;
    }

    private static Tensor randomTensor(Arena arena, Format format, Shape shape, Random random) {
        float[] numbers = randomNumbers((int) shape.elements(), random);
        MemorySegment data = arena.allocate(format.bytes(shape));
        format.encode(numbers, 0, numbers.length, data, 0);
        return new Tensor("w", format, shape, data);
    }

    private static float[] randomNumbers(int count, Random random) {
        float[] numbers = new float[count];
        for (int i = 0; i < count; i++) {
            numbers[i] = (float) random.nextGaussian();
        }
        return numbers;
    }
}
