package dev.excitor.runtime.ops;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/// What every form of the vector primitives on the heap promises.
class Blas1ContractTest {

    private static final long SEED = 20261124;
    private static final int X_AT = 3;
    private static final int Y_AT = 5;

    static List<Form> forms() {
        return Form.all();
    }

    static Stream<Arguments> cases() {
        return Form.all().stream()
                .flatMap(form -> Stream.of(Values.values()).map(values -> Arguments.of(form, values)));
    }

    private static IntStream lengths() {
        return IntStream.concat(IntStream.rangeClosed(0, 70), IntStream.of(127, 128, 129, 4098));
    }

    /// Every sum of floats is within `n eps sum |x y|` of the exact one, whatever its order, and the last rounding.
    @ParameterizedTest
    @MethodSource("cases")
    void dotIsWithinTheBoundOfASum(Form form, Values values) {
        Random random = new Random(SEED);
        lengths().forEach(n -> {
            float[] x = values.array(random, X_AT + n);
            float[] y = values.array(random, Y_AT + n);
            double exact = 0;
            double magnitude = 0;
            for (int i = 0; i < n; i++) {
                double term = (double) x[X_AT + i] * y[Y_AT + i];
                exact += term;
                magnitude += Math.abs(term);
            }
            float dot = form.ops().blas1().dot(x, X_AT, y, Y_AT, n);
            if (magnitude < Float.MAX_VALUE / 2) {
                assertThat((double) dot)
                        .as("%d numbers, seed %d", n, SEED)
                        .isBetween(exact - bound(n, magnitude), exact + bound(n, magnitude));
            } else if (!Double.isFinite(exact)) {
                assertThat(Float.isFinite(dot))
                        .as("%d numbers, seed %d", n, SEED)
                        .isFalse();
            }
        });
    }

    private static double bound(int n, double magnitude) {
        return (n + 2) * (Math.ulp(1f) * magnitude + Float.MIN_VALUE);
    }

    @ParameterizedTest
    @MethodSource("cases")
    void axpyIsOneRoundingAndTouchesNothingElse(Form form, Values values) {
        Random random = new Random(SEED);
        lengths().forEach(n -> {
            float a = values.next(random);
            float[] x = values.array(random, X_AT + n);
            float[] y = values.array(random, Y_AT + n + 20);
            float[] expected = y.clone();
            for (int i = 0; i < n; i++) {
                expected[Y_AT + i] = Math.fma(a, x[X_AT + i], y[Y_AT + i]);
            }
            form.ops().blas1().axpy(a, x, X_AT, y, Y_AT, n);
            assertThat(Buffers.bits(y)).as("%d numbers, seed %d", n, SEED).isEqualTo(Buffers.bits(expected));
        });
    }

    @ParameterizedTest
    @MethodSource("forms")
    void arraysThatAreTooShortAreAnErrorAndNotARead(Form form) {
        Blas1 blas = form.ops().blas1();
        for (int n : new int[] {1, 16, 64, 65}) {
            assertThatThrownBy(() -> blas.dot(new float[n - 1], 0, new float[n], 0, n))
                    .isInstanceOf(IndexOutOfBoundsException.class);
            assertThatThrownBy(() -> blas.dot(new float[n], 0, new float[n], 1, n))
                    .isInstanceOf(IndexOutOfBoundsException.class);
            assertThatThrownBy(() -> blas.axpy(1, new float[n], 0, new float[n], 1, n))
                    .isInstanceOf(IndexOutOfBoundsException.class);
        }
    }
}
