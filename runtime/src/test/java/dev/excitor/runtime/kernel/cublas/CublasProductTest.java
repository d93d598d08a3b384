package dev.excitor.runtime.kernel.cublas;

import static org.assertj.core.api.Assertions.assertThat;

import dev.excitor.runtime.format.Format;
import dev.excitor.runtime.format.Formats;
import dev.excitor.runtime.kernel.KernelProvider.Accepted;
import dev.excitor.runtime.kernel.Kernels;
import dev.excitor.runtime.kernel.MatMul;
import dev.excitor.runtime.kernel.Regime;
import dev.excitor.runtime.kernel.scalar.ScalarMatMul;
import dev.excitor.runtime.team.Team;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Products through cuBLAS against the definition, on the stand-in: every format, awkward sizes, numbers that f16 does
/// not hold, streams that hurry and streams that wait.
class CublasProductTest {

    private static final long SEED = 0;
    private static final List<Integer> ROWS_OF_X = List.of(1, 2, 31, 33, 70);

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
            for (int n : ROWS_OF_X) {
                Random random = new Random(SEED + n);
                withProvider(3, provider -> {
                    try (Arena arena = Arena.ofShared()) {
                        GpuProduct product = GpuProduct.random(arena, format, 101, cols, n, random);
                        check(provider, product, "%d rows, eager %s, seed %d".formatted(n, eager, SEED));
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
        int rows = 150_000;
        int n = 4 * (int) (Gpu.SLOT_BYTES / (4L * rows)) + 7;
        assertThat(Math.ceilDiv(n, DeviceProduct.pieceRows(n, rows))).isGreaterThan(Gpu.SLOTS);
        withProvider(2, provider -> {
            try (Arena arena = Arena.ofShared()) {
                GpuProduct product = GpuProduct.random(arena, Formats.of("Q8_0"), rows, 32, n, new Random(SEED));
                check(provider, product, "many pieces");
            }
        });
    }

    /// Several matrices read the same packed activations, which go up once.
    @Test
    void activationsAreSharedByMatrices() {
        withProvider(3, provider -> {
            try (Arena arena = Arena.ofShared()) {
                Random random = new Random(SEED);
                float[] x = GpuProduct.numbers(40 * 64, random);
                GpuProduct first = product(arena, random, 48, x);
                GpuProduct second = product(arena, random, 16, x);
                MatMul a = kernel(provider, first);
                MatMul b = kernel(provider, second);
                assertThat(a.packing(40)).isSameAs(b.packing(40));
                var activations = first.activations(arena, a);
                long calls = standIn.calls();
                first.check(first.run(one, a, activations), "the first");
                long alone = standIn.calls() - calls;
                // not packed again: the team's tasks are those of one forward pass
                float[] y = new float[40 * 16];
                one.run(worker -> b.apply(worker, second.w(), activations, MemorySegment.ofArray(y), 16));
                second.check(y, "the second");
                assertThat(standIn.calls() - calls - alone)
                        .as("calls without an upload")
                        .isEqualTo(alone - 3);
            }
        });
    }

    private static float[] scaled(float[] numbers, float factor) {
        for (int i = 0; i < numbers.length; i++) {
            numbers[i] *= factor;
        }
        return numbers;
    }

    private static GpuProduct product(Arena arena, Random random, int rows, float[] x) {
        return new GpuProduct(
                GpuProduct.tensor(arena, Formats.of("F32"), rows, 64, GpuProduct.numbers(rows * 64, random)), x);
    }

    /// Magnitudes on both sides of what f16 holds, alone and together.
    @Test
    void numbersThatHalvesDoNotHold() {
        withProvider(2, provider -> {
            for (float wScale : new float[] {1e-30f, 1e-7f, 1, 7e4f, 1e30f}) {
                for (float xScale : new float[] {1e-38f, 1e-20f, 1, 1e6f}) {
                    try (Arena arena = Arena.ofShared()) {
                        Random random = new Random(SEED);
                        float[] weights = scaled(GpuProduct.numbers(33 * 64, random), wScale);
                        float[] x = scaled(GpuProduct.numbers(35 * 64, random), xScale);
                        GpuProduct product =
                                new GpuProduct(GpuProduct.tensor(arena, Formats.of("F32"), 33, 64, weights), x);
                        check(provider, product, "weights of %s, activations of %s".formatted(wScale, xScale));
                    }
                }
            }
        });
    }

    /// Zeros stay zeros, and one row that is no number leaves the others alone.
    @Test
    void zerosAndWhatIsNoNumber() {
        withProvider(2, provider -> {
            try (Arena arena = Arena.ofShared()) {
                Random random = new Random(SEED);
                float[] weights = GpuProduct.numbers(17 * 64, random);
                float[] x = GpuProduct.numbers(4 * 64, random);
                Arrays.fill(x, 0, 64, 0);
                x[64 + 5] = Float.NaN;
                x[2 * 64 + 7] = Float.POSITIVE_INFINITY;
                GpuProduct product = new GpuProduct(GpuProduct.tensor(arena, Formats.of("F32"), 17, 64, weights), x);
                MatMul kernel = kernel(provider, product);
                float[] y = product.run(one, kernel, product.activations(arena, kernel));
                assertThat(Arrays.copyOfRange(y, 0, 17)).containsOnly(0);
                for (int row = 0; row < 17; row++) {
                    assertThat(y[17 + row]).isNaN();
                    assertThat(Float.isFinite(y[2 * 17 + row])).isFalse();
                    assertThat(Float.isFinite(y[3 * 17 + row])).isTrue();
                }
            }
        });
    }

    /// f16 weights are what they were, bit for bit: small integers times them are exact.
    @Test
    void halvesAndShortFloatsComeThroughUnchanged() {
        for (String name : List.of("F16", "BF16")) {
            withProvider(1, provider -> {
                try (Arena arena = Arena.ofShared()) {
                    Random random = new Random(SEED);
                    float[] identity = new float[64 * 64];
                    for (int i = 0; i < 64; i++) {
                        identity[65 * i] = 1;
                    }
                    GpuProduct product = new GpuProduct(
                            GpuProduct.tensor(arena, Formats.of(name), 40, 64, GpuProduct.numbers(40 * 64, random)),
                            identity);
                    MatMul kernel = kernel(provider, product);
                    float[] y = product.run(one, kernel, product.activations(arena, kernel));
                    assertThat(y).isEqualTo(product.run(one, new ScalarMatMul(), product.activations(arena, kernel)));
                }
            });
        }
    }

    @Test
    void aPieceIsWorthItsCallsAndFitsItsSlot() {
        for (int rows : new int[] {1, 100, 2048, 8192, 128_256, (int) (Gpu.SLOT_BYTES / 4)}) {
            for (int n : new int[] {1, 2, 31, 512, 16_384}) {
                int size = DeviceProduct.pieceRows(n, rows);
                assertThat(size).as("%d rows, %d activations", rows, n).isBetween(1, n);
                assertThat(4L * size * rows).isLessThanOrEqualTo(Gpu.SLOT_BYTES);
            }
        }
        assertThat(DeviceProduct.pieceRows(512, 2048)).isEqualTo(128);
        assertThat(DeviceProduct.pieceRows(32, 2048)).isEqualTo(32);
    }

    private void check(CublasProvider provider, GpuProduct product, String what) {
        try (Arena arena = Arena.ofShared()) {
            MatMul kernel = kernel(provider, product);
            assertThat(kernel.name()).isEqualTo("cublas");
            float[] y = product.run(one, kernel, product.activations(arena, kernel));
            product.check(y, what);
            float[] same = product.run(three, kernel, product.activations(arena, kernel));
            assertThat(Arrays.mismatch(same, y)).as("%s, three threads", what).isEqualTo(-1);
        }
        provider.release(product.w());
    }

    private static MatMul kernel(CublasProvider provider, GpuProduct product) {
        return ((Accepted) provider.consider(product.w(), Regime.PREFILL)).kernel();
    }

    private interface Use {
        void with(CublasProvider provider);
    }

    private void withProvider(int threads, Use use) {
        try (Team team = new Team(threads);
                Kernels cpu = Kernels.of(Kernels.Tier.SCALAR, 0)) {
            CublasProvider provider = CublasProvider.open(standIn.options(), cpu, team);
            try {
                use.with(provider);
            } finally {
                provider.close();
            }
        }
    }
}
