package dev.excitor.runtime.ops;

import static org.assertj.core.api.Assertions.assertThat;

import dev.excitor.runtime.Shape;
import dev.excitor.runtime.Tensor;
import dev.excitor.runtime.format.Format;
import dev.excitor.runtime.format.Formats;
import dev.excitor.runtime.team.Team;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/// What every form of the products of training promises: sums within their bound of the exact ones, whatever is
/// transposed or added to, on sizes on both sides of each border inside; and nothing else touched.
class GemmContractTest {

    private static final long SEED = 20261125;

    /// Numbers between the rows of A, B and C that do not belong to them.
    private static final int GAP = 3;

    private static final float CANARY = 12345.678f;

    private static final List<int[]> SIZES = List.of(
            new int[] {1, 1, 1},
            new int[] {5, 7, 3},
            new int[] {12, 32, 192},
            new int[] {13, 33, 193},
            new int[] {121, 257, 11},
            new int[] {119, 300, 400},
            new int[] {3, 31, 0});

    static List<Form> forms() {
        return Form.all();
    }

    static Stream<Arguments> formats() {
        return Form.all().stream()
                .flatMap(form -> Formats.all().stream().map(format -> Arguments.of(form, format.name())));
    }

    @ParameterizedTest
    @MethodSource("forms")
    void productsOfEveryOrientationAreWithinTheBound(Form form) {
        Random random = new Random(SEED);
        for (int[] size : SIZES) {
            for (int kind = 0; kind < 8; kind++) {
                try (Arena arena = Arena.ofShared();
                        Team team = new Team(1)) {
                    Problem problem = new Problem(arena, random, size[0], size[1], size[2], kind);
                    team.run(worker -> form.ops()
                            .gemm()
                            .multiply(
                                    worker,
                                    problem.a.view,
                                    problem.b.view,
                                    problem.c.view,
                                    problem.m,
                                    problem.n,
                                    problem.k,
                                    problem.add));
                    problem.check();
                }
            }
        }
    }

    @ParameterizedTest
    @MethodSource("formats")
    void gradientsThroughWeightsOfEveryFormatAreThoseOfTheirDecodedNumbers(Form form, String name) {
        Format format = Formats.of(name);
        Random random = new Random(SEED);
        int m = 14;
        int rows = 197;
        int cols = 2 * Math.max(160, format.blockSize());
        try (Arena arena = Arena.ofShared();
                Team team = new Team(2)) {
            float[] numbers = Values.GAUSSIAN.array(random, rows * cols);
            MemorySegment data = arena.allocate(format.bytes(new Shape(rows, cols)), 64);
            format.encode(numbers, 0, numbers.length, data, 0);
            format.decode(data, 0, numbers, 0, numbers.length);
            Tensor w = new Tensor("w", format, new Shape(rows, cols), data);
            float[] a = Values.GAUSSIAN.array(random, m * rows);
            MemorySegment out = Buffers.output(arena, m * cols);
            Gemm.View left = Gemm.View.of(Buffers.input(arena, a), rows);
            int grain = Gemm.grain(w);
            for (boolean add : new boolean[] {false, true}) {
                team.run(worker -> form.ops()
                        .gemm()
                        .multiply(
                                worker,
                                left,
                                w,
                                Gemm.View.of(out, cols),
                                m,
                                worker.from(cols, grain),
                                worker.to(cols, grain),
                                add));
            }
            float[] found = Buffers.read(out, m * cols);
            for (int i = 0; i < m; i++) {
                for (int j = 0; j < cols; j++) {
                    double exact = 0;
                    double magnitude = 0;
                    for (int l = 0; l < rows; l++) {
                        double term = 2.0 * a[i * rows + l] * numbers[l * cols + j];
                        exact += term;
                        magnitude += Math.abs(term);
                    }
                    assertThat((double) found[i * cols + j])
                            .as("row %d, column %d of two products with %s, seed %d", i, j, name, SEED)
                            .isBetween(exact - bound(rows, magnitude), exact + bound(rows, magnitude));
                }
            }
        }
    }

    private static double bound(int k, double magnitude) {
        return (k + 3) * (double) Math.ulp(1f) * magnitude;
    }

    /// Random A, B and C of one size and kind: bits of the kind transpose A, transpose B, add to C.
    private static final class Problem {

        private final int m;
        private final int n;
        private final int k;
        private final boolean add;
        private final Operand a;
        private final Operand b;
        private final Operand c;

        Problem(Arena arena, Random random, int m, int n, int k, int kind) {
            this.m = m;
            this.n = n;
            this.k = k;
            this.add = (kind & 4) != 0;
            this.a = new Operand(arena, random, m, k, (kind & 1) != 0);
            this.b = new Operand(arena, random, k, n, (kind & 2) != 0);
            this.c = new Operand(arena, random, m, n, false);
        }

        void check() {
            float[] found = new float[c.memory.length];
            MemorySegment.copy(c.view.data(), ValueLayout.JAVA_FLOAT, 0, found, 0, found.length);
            for (int i = 0; i < m; i++) {
                for (int j = 0; j < n + GAP; j++) {
                    if (j >= n) {
                        assertThat(found[i * (n + GAP) + j]).isEqualTo(CANARY);
                        continue;
                    }
                    double exact = add ? c.get(i, j) : 0;
                    double magnitude = Math.abs(exact);
                    for (int l = 0; l < k; l++) {
                        double term = (double) a.get(i, l) * b.get(l, j);
                        exact += term;
                        magnitude += Math.abs(term);
                    }
                    assertThat((double) found[i * (n + GAP) + j])
                            .as("row %d, column %d of %dx%dx%d, seed %d", i, j, m, n, k, SEED)
                            .isBetween(exact - bound(k, magnitude), exact + bound(k, magnitude));
                }
            }
        }
    }

    /// A matrix with gaps between its rows.
    private static final class Operand {

        private final float[] memory;
        private final int stride;
        private final Gemm.View view;

        Operand(Arena arena, Random random, int rows, int cols, boolean transposed) {
            int lines = transposed ? cols : rows;
            int length = transposed ? rows : cols;
            stride = length + GAP;
            memory = new float[lines * stride];
            for (int i = 0; i < memory.length; i++) {
                memory[i] = i % stride < length ? (float) random.nextGaussian() : CANARY;
            }
            MemorySegment data = arena.allocate(Math.max(4L, 4L * memory.length), 64);
            MemorySegment.copy(memory, 0, data, ValueLayout.JAVA_FLOAT, 0, memory.length);
            Gemm.View plain = Gemm.View.of(data, stride);
            view = transposed ? plain.transpose() : plain;
        }

        float get(int row, int col) {
            return memory[view.transposed() ? col * stride + row : row * stride + col];
        }
    }
}
