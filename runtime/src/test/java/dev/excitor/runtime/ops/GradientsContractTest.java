package dev.excitor.runtime.ops;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// What every form of the inner loops of training promises: the definition's numbers within a few roundings, at every
/// length, and nothing touched behind.
class GradientsContractTest {

    private static final long SEED = 20261125;
    private static final double EPS = Math.ulp(1f);

    /// Gradients are bounded by the size of what they are made of, not by their own, which may cancel.
    private static final double ROUNDINGS = 16 * EPS;

    static List<Form> forms() {
        return Form.all();
    }

    private static IntStream lengths() {
        return IntStream.concat(IntStream.rangeClosed(0, 70), IntStream.of(127, 128, 129, 4098));
    }

    @ParameterizedTest
    @MethodSource("forms")
    void dotAndAxpyAreThoseOfTheVectorPrimitives(Form form) {
        Random random = new Random(SEED);
        lengths().forEach(n -> {
            float[] x = Values.GAUSSIAN.array(random, n);
            float[] y = Values.GAUSSIAN.array(random, n);
            double exact = 0;
            double magnitude = 0;
            for (int i = 0; i < n; i++) {
                exact += (double) x[i] * y[i];
                magnitude += Math.abs((double) x[i] * y[i]);
            }
            try (Arena arena = Arena.ofConfined()) {
                MemorySegment a = Buffers.unaligned(arena, x);
                MemorySegment b = Buffers.output(arena, n);
                MemorySegment.copy(Buffers.input(arena, y), 0, b, 0, 4L * n);
                double dot = form.ops().gradients().dot(a, 0, b, 0, n);
                assertThat(Math.abs(dot - exact))
                        .as("%d numbers, seed %d", n, SEED)
                        .isLessThanOrEqualTo((n + 2) * EPS * magnitude);
                form.ops().gradients().axpy(0.3f, a, 0, b, 0, n);
                float[] sums = Buffers.read(b, n);
                for (int i = 0; i < n; i++) {
                    assertThat(sums[i]).isEqualTo(Math.fma(0.3f, x[i], y[i]));
                }
            }
        });
    }

    @ParameterizedTest
    @MethodSource("forms")
    void exponentialsOfWhatIsLeftOfTheLogOfTheirSumAddUpToOne(Form form) {
        Random random = new Random(SEED);
        lengths().filter(n -> n > 0).forEach(n -> {
            float[] x = Values.GAUSSIAN.array(random, n);
            for (int i = 0; i < n; i++) {
                x[i] = 20 * x[i] + 1000;
            }
            double max = IntStream.range(0, n).mapToDouble(i -> x[i]).max().orElseThrow();
            double sum =
                    IntStream.range(0, n).mapToDouble(i -> Math.exp(x[i] - max)).sum();
            try (Arena arena = Arena.ofConfined()) {
                MemorySegment out = Buffers.output(arena, n);
                MemorySegment.copy(Buffers.input(arena, x), 0, out, 0, 4L * n);
                double logSum = form.ops().gradients().logSumExp(out, 0, n);
                assertThat(Math.abs(logSum - max - Math.log(sum)))
                        .as("%d numbers, seed %d", n, SEED)
                        .isLessThanOrEqualTo((n + 2) * EPS);
                form.ops().gradients().exp(out, 0, n, (float) logSum);
                float[] softmax = Buffers.read(out, n);
                for (int i = 0; i < n; i++) {
                    double expected = Math.exp(x[i] - (double) (float) logSum);
                    assertThat((double) softmax[i])
                            .isBetween(expected * (1 - ROUNDINGS) - 1.8e-38, expected * (1 + ROUNDINGS) + 1.8e-38);
                }
            }
        });
    }

    @ParameterizedTest
    @MethodSource("forms")
    void theWaysBackAreTheDefinitions(Form form) {
        Random random = new Random(SEED);
        lengths().forEach(n -> {
            float[] gate = Values.GAUSSIAN.array(random, n);
            float[] up = Values.GAUSSIAN.array(random, n);
            float[] dh = Values.GAUSSIAN.array(random, n);
            for (int i = 0; i < n; i++) {
                gate[i] *= i % 7 == 0 ? 60 : 2;
            }
            try (Arena arena = Arena.ofConfined()) {
                MemorySegment g = copy(arena, gate);
                MemorySegment u = copy(arena, up);
                MemorySegment d = copy(arena, dh);
                form.ops().gradients().swiGlu(g, u, d, 0, n);
                float[] dGate = Buffers.read(g, n);
                float[] dUp = Buffers.read(u, n);
                assertThat(Buffers.read(d, n)).isEqualTo(dh);
                form.ops().gradients().softmax(u, 0, d, 0, n, 0.25f);
                float[] through = Buffers.read(d, n);
                for (int i = 0; i < n; i++) {
                    double x = gate[i];
                    double sigma = 1 / (1 + Math.exp(-x));
                    double slope = sigma * (1 + x * (1 - sigma));
                    near(dUp[i], dh[i] * x * sigma, dh[i] * x);
                    near(dGate[i], dh[i] * (double) up[i] * slope, dh[i] * (double) up[i] * (1 + Math.abs(x)) * sigma);
                    near(through[i], dUp[i] * (dh[i] - 0.25), dUp[i] * (Math.abs(dh[i]) + 0.25));
                }
            }
        });
    }

    private static MemorySegment copy(Arena arena, float[] numbers) {
        MemorySegment out = Buffers.output(arena, numbers.length);
        MemorySegment.copy(Buffers.input(arena, numbers), 0, out, 0, 4L * numbers.length);
        return out;
    }

    private static void near(float found, double exact, double size) {
        double bound = ROUNDINGS * Math.abs(size) + 1e-30;
        assertThat((double) found).as("seed %d", SEED).isBetween(exact - bound, exact + bound);
    }
}
