package dev.excitor.runtime.kernel.cublas;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.excitor.runtime.ExcitorException;
import dev.excitor.runtime.GpuOptions;
import dev.excitor.runtime.format.Format;
import dev.excitor.runtime.format.Formats;
import dev.excitor.runtime.kernel.Activations;
import dev.excitor.runtime.kernel.GradientMatMul;
import dev.excitor.runtime.kernel.KernelProvider.Accepted;
import dev.excitor.runtime.kernel.Kernels;
import dev.excitor.runtime.kernel.MatMul;
import dev.excitor.runtime.kernel.Regime;
import dev.excitor.runtime.team.Team;
import java.lang.foreign.Arena;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/// The way back through matrices on the device against the definition, on the stand-in: every format, awkward sizes,
/// gradients that f16 does not hold, streams that hurry and streams that wait.
class CublasGradientTest {

    private static final long SEED = 0;
    private static final List<Integer> ROWS_OF_DY = List.of(1, 2, 31, 33, 70);
    private static final int FAILURE = 719;

    private StandIn standIn;
    private List<Long> before;
    private Team one;
    private Team three;

    static Stream<String> formats() {
        return Formats.names().stream();
    }

    @BeforeEach
    void load() {
        standIn = StandIn.require();
        before = standIn.live();
        one = new Team(1);
        three = new Team(3);
    }

    /// Whatever a test did, each call was right and everything has been given back.
    @AfterEach
    void nothingIsWrongOrLeft() {
        for (Team team : new Team[] {one, three}) {
            if (team != null) {
                team.close();
            }
        }
        if (standIn == null) {
            return; // skipped
        }
        assertThat(standIn.fault()).isEmpty();
        assertThat(standIn.live()).isEqualTo(before);
    }

    @ParameterizedTest
    @MethodSource("formats")
    void everyFormatAgreesWithTheDefinition(String name) {
        Format format = Formats.of(name);
        int cols = format.blockSize() >= 256 ? 768 : 544 + format.blockSize();
        for (boolean eager : new boolean[] {false, true}) {
            standIn.reset(StandIn.PLENTY, eager);
            for (int n : ROWS_OF_DY) {
                Random random = new Random(SEED + n);
                withProvider(3, provider -> {
                    try (Arena arena = Arena.ofShared()) {
                        GpuGradient gradient = GpuGradient.random(arena, format, 101, cols, n, random);
                        check(provider, gradient, "%d rows, eager %s, seed %d".formatted(n, eager, SEED));
                    }
                });
            }
        }
    }

    /// More pieces than slots, so that slots are used again while others are under way.
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void moreThanTheSlotsHold(boolean eager) {
        standIn.reset(StandIn.PLENTY, eager);
        int cols = 32 * 4700;
        int n = 4 * (int) (Gpu.SLOT_BYTES / (4L * cols)) + 7;
        assertThat(Math.ceilDiv(n, DeviceProduct.pieceRows(n, cols))).isGreaterThan(Gpu.SLOTS);
        withProvider(2, provider -> {
            try (Arena arena = Arena.ofShared()) {
                GpuGradient gradient = GpuGradient.random(arena, Formats.of("Q8_0"), 9, cols, n, new Random(SEED));
                check(provider, gradient, "many pieces");
            }
        });
    }

    /// Rows of every magnitude beside each other, as gradients of different tokens are: each is as exact as if it were
    /// alone, and what f16 itself cannot hold is not lost.
    @Test
    void rowsOfAnyMagnitudeBesideEachOther() {
        float[] scales = {1e-38f, 1e-20f, 1e-8f, 1, 1e6f, 1e20f};
        withProvider(2, provider -> {
            try (Arena arena = Arena.ofShared()) {
                GpuGradient gradient =
                        GpuGradient.random(arena, Formats.of("Q4_0"), 48, 64, 3 * scales.length, new Random(SEED));
                for (int i = 0; i < gradient.dy().length; i++) {
                    gradient.dy()[i] *= scales[i / 48 % scales.length];
                }
                check(provider, gradient, "rows of every magnitude");
                MatMul kernel = kernel(provider, gradient);
                float[] dx = gradient.run(one, kernel, gradient.activations(arena, kernel), false);
                assertThat(Arrays.copyOfRange(dx, 2 * 64, 3 * 64))
                        .as("1e-8, of which f16 itself has a digit or none")
                        .doesNotContain(0);
            }
        });
    }

    /// Zeros stay zeros, and one row that is no number leaves the others alone.
    @Test
    void zerosAndWhatIsNoNumber() {
        withProvider(2, provider -> {
            try (Arena arena = Arena.ofShared()) {
                GpuGradient gradient = GpuGradient.random(arena, Formats.of("F32"), 64, 17, 4, new Random(SEED));
                Arrays.fill(gradient.dy(), 0, 64, 0);
                gradient.dy()[64 + 5] = Float.NaN;
                gradient.dy()[2 * 64 + 7] = Float.POSITIVE_INFINITY;
                MatMul kernel = kernel(provider, gradient);
                float[] dx = gradient.run(one, kernel, gradient.activations(arena, kernel), false);
                assertThat(Arrays.copyOfRange(dx, 0, 17)).containsOnly(0);
                for (int col = 0; col < 17; col++) {
                    assertThat(dx[17 + col]).isNaN();
                    assertThat(Float.isFinite(dx[2 * 17 + col])).isFalse();
                    assertThat(Float.isFinite(dx[3 * 17 + col])).isTrue();
                }
            }
        });
    }

    /// The same copy of the matrix serves both ways: nothing more is taken, and the device is asked for few rows of
    /// neither.
    @Test
    void theWayBackReadsTheSameCopyAndLeavesFewRowsToTheCpu() {
        withProvider(2, options -> options.withRows(8), provider -> {
            try (Arena arena = Arena.ofShared()) {
                GpuGradient many = GpuGradient.random(arena, Formats.of("Q6_K"), 40, 256, 8, new Random(SEED));
                GpuGradient few = new GpuGradient(many.w(), Arrays.copyOf(many.dy(), 7 * 40));
                MatMul kernel = kernel(provider, many);
                long weights = standIn.deviceBytes();
                Activations activations = few.activations(arena, kernel);
                long calls = standIn.calls();
                assertThat(gradient(kernel).packing(7)).isNull();
                few.check(few.run(three, kernel, activations, false), false, "few");
                assertThat(standIn.calls()).isEqualTo(calls);
                try (Arena session = Arena.ofShared()) {
                    many.check(many.run(three, kernel, many.activations(session, kernel), false), false, "many");
                    assertThat(standIn.calls()).isGreaterThan(calls);
                }
                assertThat(standIn.deviceBytes()).isEqualTo(weights + 2 * 7 * 40);
            }
        });
    }

    @Test
    void aResultThatNoSlotHoldsIsLeftToTheCpu() {
        withProvider(1, provider -> {
            try (Arena arena = Arena.ofShared()) {
                int cols = (int) (Gpu.SLOT_BYTES / 4);
                float[] dy = {1};
                GpuGradient fits =
                        new GpuGradient(GpuProduct.tensor(arena, Formats.of("F32"), 1, cols, new float[cols]), dy);
                assertThat(kernel(provider, fits).gradient()).isNotNull();
                GpuGradient wider = new GpuGradient(
                        GpuProduct.tensor(arena, Formats.of("F32"), 1, cols + 1, new float[cols + 1]), dy);
                assertThat(kernel(provider, wider).gradient()).isNull();
            }
        });
    }

    @Test
    void aProductThatFailsGivesTheDeviceUpAndTheCpuGoesOn() {
        withProvider(2, provider -> {
            try (Arena arena = Arena.ofShared()) {
                GpuGradient gradient = GpuGradient.random(arena, Formats.of("F16"), 48, 64, 9, new Random(SEED));
                MatMul kernel = kernel(provider, gradient);
                Activations activations = gradient.activations(arena, kernel);
                gradient.check(gradient.run(three, kernel, activations, false), false, "before");
                standIn.fail(standIn.calls() + 5, standIn.calls() + 5, FAILURE);
                assertThatThrownBy(() -> gradient.run(three, kernel, activations, true))
                        .isInstanceOf(ExcitorException.NativeCall.class)
                        .hasMessageStartingWith("cudaEventRecord returned 719");
                assertThat(standIn.deviceBytes()).isZero();
                assertThat(gradient(kernel).packing(9)).isNull();
                assertThat(gradient(kernel).packings()).isEmpty();
                gradient.check(gradient.run(three, kernel, activations, true), true, "on the CPU");
            }
        });
    }

    private void check(CublasProvider provider, GpuGradient gradient, String what) {
        try (Arena arena = Arena.ofShared()) {
            MatMul kernel = kernel(provider, gradient);
            assertThat(gradient(kernel).packing(gradient.n())).isNotNull();
            for (boolean add : new boolean[] {false, true}) {
                float[] dx = gradient.run(one, kernel, gradient.activations(arena, kernel), add);
                gradient.check(dx, add, what);
                float[] same = gradient.run(three, kernel, gradient.activations(arena, kernel), add);
                assertThat(Arrays.mismatch(same, dx))
                        .as("%s, three threads", what)
                        .isEqualTo(-1);
            }
        }
        provider.release(gradient.w());
    }

    private static MatMul kernel(CublasProvider provider, GpuGradient gradient) {
        return ((Accepted) provider.consider(gradient.w(), Regime.PREFILL)).kernel();
    }

    private static GradientMatMul gradient(MatMul kernel) {
        return Objects.requireNonNull(kernel.gradient());
    }

    private void withProvider(int threads, Consumer<CublasProvider> use) {
        withProvider(threads, options -> options, use);
    }

    private void withProvider(int threads, UnaryOperator<GpuOptions> change, Consumer<CublasProvider> use) {
        try (Team team = new Team(threads);
                Kernels cpu = Kernels.of(Kernels.Tier.SCALAR, 0)) {
            CublasProvider provider = CublasProvider.open(change.apply(standIn.options()), cpu, team);
            try {
                use.accept(provider);
            } finally {
                provider.close();
            }
        }
    }
}
