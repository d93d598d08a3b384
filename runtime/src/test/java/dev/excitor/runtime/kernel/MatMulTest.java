package dev.excitor.runtime.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import dev.excitor.runtime.Shape;
import dev.excitor.runtime.Tensor;
import dev.excitor.runtime.format.Blocks;
import dev.excitor.runtime.format.Format;
import dev.excitor.runtime.format.Formats;
import dev.excitor.runtime.team.Team;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Every kernel of the chain against the scalar definition: all formats, widths, team sizes, and row counts on both
/// sides
/// of each border inside the kernels.
class MatMulTest {

    private static final float CANARY = 12345.678f;
    private static final List<Integer> ROWS_OF_X = List.of(1, 2, 11, 12, 13, 31, 32, 33, 70);

    record Case(Format format, int bits) {}

    static Stream<Case> cases() {
        return Formats.all().stream()
                .filter(format -> format.vectorKernel().isPresent())
                .flatMap(format -> Stream.of(128, 256, 512).map(bits -> new Case(format, bits)));
    }

    @ParameterizedTest
    @MethodSource("cases")
    void vectorProductsAgreeWithTheDefinition(Case given) {
        Kernels vector = Kernels.of(Kernels.Tier.VECTOR, given.bits());
        Kernels scalar = Kernels.of(Kernels.Tier.SCALAR, 0);
        Random random = new Random(given.bits());
        int cols =
                given.format().blockSize() >= 256 ? 768 : 544 + given.format().blockSize();
        try (Arena arena = Arena.ofShared();
                Team one = new Team(1);
                Team three = new Team(3)) {
            Tensor w = randomTensor(arena, given.format(), new Shape(101, cols), random);
            for (int n : ROWS_OF_X) {
                Activations x = randomActivations(arena, n, cols, random);
                float[] expected = multiply(arena, one, scalar, w, x);
                float[] actual = multiply(arena, one, vector, w, x);
                double[] bound = bounds(w, x);
                for (int i = 0; i < expected.length; i++) {
                    assertThat((double) actual[i])
                            .as("%s, %d rows of x, element %d", given, n, i)
                            .isBetween(expected[i] - bound[i], expected[i] + bound[i]);
                }
                assertThat(multiply(arena, three, vector, w, x))
                        .as("%s with three threads", given)
                        .containsExactly(actual);
            }
        }
    }

    private static float[] multiply(Arena arena, Team team, Kernels kernels, Tensor w, Activations x) {
        int rows = w.shape().rows();
        int stride = rows + 3;
        MemorySegment y = arena.allocate(4L * x.rows() * stride);
        for (long i = 0; i < (long) x.rows() * stride; i++) {
            Blocks.putF32(y, 4 * i, CANARY);
        }
        MatMul kernel = kernels.choose(w, x.rows() == 1 ? Regime.DECODE : Regime.PREFILL)
                .kernel();
        Activations given = new Activations(arena, x.rows(), x.cols(), kernel.packings());
        given.rows(x.rows());
        given.data().copyFrom(x.data());
        team.run(worker -> {
            Packing<?> packing = kernel.packing(x.rows());
            if (packing != null) {
                given.pack(worker, packing);
            }
            worker.barrier();
            kernel.apply(worker, w, given, y, stride);
        });
        float[] result = new float[x.rows() * rows];
        for (int i = 0; i < x.rows(); i++) {
            for (int row = 0; row < rows; row++) {
                result[i * rows + row] = Blocks.f32(y, 4L * (i * stride + row));
            }
            for (int pad = rows; pad < stride; pad++) {
                assertThat(Blocks.f32(y, 4L * (i * stride + pad))).isEqualTo(CANARY);
            }
        }
        return result;
    }

    /// c n eps sum |w x|, element by element.
    private static double[] bounds(Tensor w, Activations x) {
        int rows = w.shape().rows();
        int cols = w.shape().cols();
        double[] bounds = new double[x.rows() * rows];
        float[] weights = new float[cols];
        for (int row = 0; row < rows; row++) {
            w.format().decode(w.data(), row * w.rowBytes(), weights, 0, cols);
            for (int i = 0; i < x.rows(); i++) {
                double sum = 0;
                for (int col = 0; col < cols; col++) {
                    sum += Math.abs((double) weights[col] * Blocks.f32(x.data(), 4L * (i * cols + col)));
                }
                bounds[i * rows + row] = 0.25 * cols * Math.ulp(1f) * sum + Float.MIN_VALUE;
            }
        }
        return bounds;
    }

    private static Tensor randomTensor(Arena arena, Format format, Shape shape, Random random) {
        float[] numbers = new float[(int) shape.elements()];
        for (int i = 0; i < numbers.length; i++) {
            numbers[i] = (float) random.nextGaussian();
        }
        MemorySegment data = arena.allocate(format.bytes(shape));
        format.encode(numbers, 0, numbers.length, data, 0);
        return new Tensor("w", format, shape, data);
    }

    private static Activations randomActivations(Arena arena, int n, int cols, Random random) {
        Activations x = new Activations(arena, n, cols, List.of());
        for (long i = 0; i < (long) n * cols; i++) {
            Blocks.putF32(x.data(), 4 * i, (float) random.nextGaussian());
        }
        x.rows(n);
        return x;
    }
}
