package dev.excitor.runtime.kernel.cublas;

import static org.assertj.core.api.Assertions.assertThat;

import dev.excitor.runtime.Engine;
import dev.excitor.runtime.EngineOptions;
import dev.excitor.runtime.GpuOptions;
import dev.excitor.runtime.Tensor;
import dev.excitor.runtime.format.Formats;
import dev.excitor.runtime.kernel.GpuState;
import dev.excitor.runtime.kernel.KernelProvider.Accepted;
import dev.excitor.runtime.kernel.KernelProvider.Answer;
import dev.excitor.runtime.kernel.KernelProvider.Declined;
import dev.excitor.runtime.kernel.Kernels;
import dev.excitor.runtime.kernel.Place;
import dev.excitor.runtime.kernel.Regime;
import dev.excitor.runtime.team.Team;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// Which matrices go to the device, which stay, and that each of these has a reason that names what to change.
class CublasProviderTest {

    private static final EngineOptions ONE_THREAD =
            EngineOptions.defaults().withThreads(1).withTier(Kernels.Tier.SCALAR);

    @TempDir
    Path folder;

    private final Arena arena = Arena.ofShared();
    private final Team team = new Team(1);
    private final Kernels cpu = Kernels.of(Kernels.Tier.SCALAR, 0);

    @BeforeEach
    void acceptNothing() {
        CudaLibraries.acceptsStandIn = false;
    }

    @AfterEach
    void close() {
        team.close();
        arena.close();
    }

    private Tensor tensor(int rows, int cols) {
        return GpuProduct.tensor(arena, Formats.of("F32"), rows, cols, new float[rows * cols]);
    }

    private static String reason(Answer answer) {
        return ((Declined) answer).reason();
    }

    @Test
    void withoutALibraryEverythingStaysAndTheReasonSaysWhereWasLooked() {
        try (Engine engine =
                Engine.open(ONE_THREAD.withGpu(GpuOptions.none().withLayers(99).withCuda(folder)))) {
            assertThat(engine.gpu())
                    .isEqualTo(new GpuState.Unusable(
                            "none of libcudart.so.13, libcudart.so.12, libcudart.so.11.0 was found in %s, %s, %s"
                                    .formatted(folder, folder.resolve("lib64"), folder.resolve("lib"))));
            assertThat(engine.kernels().choose(tensor(8, 32), Regime.PREFILL).toString())
                    .isEqualTo("cublas declined: there is no GPU that can be used · scalar accepted");
        }
    }

    @Test
    void withoutLayersNothingIsLookedFor() {
        try (Engine engine = Engine.open(ONE_THREAD.withGpu(GpuOptions.none().withCuda(folder)))) {
            assertThat(engine.gpu()).isEqualTo(new GpuState.NotWanted());
            assertThat(engine.kernels().names()).containsExactly("scalar");
        }
    }

    @Test
    void whatIsNoLibraryIsNamed() throws IOException {
        Files.writeString(folder.resolve("libcudart.so.11.0"), "this is no library");
        try (Engine engine =
                Engine.open(ONE_THREAD.withGpu(GpuOptions.none().withLayers(1).withCuda(folder)))) {
            assertThat(((GpuState.Unusable) engine.gpu()).reason())
                    .contains(folder.resolve("libcudart.so.11.0") + " is no library that this system can load");
        }
    }

    @Test
    void theStandInIsRefusedOutsideItsTests() {
        StandIn standIn = StandIn.require();
        CudaLibraries.acceptsStandIn = false;
        long calls = standIn.calls();
        try (Engine engine = Engine.open(ONE_THREAD.withGpu(standIn.options()))) {
            assertThat(((GpuState.Unusable) engine.gpu()).reason())
                    .contains("libcudart.so.12 is a stand-in of Excitor's tests");
        }
        assertThat(standIn.calls()).isEqualTo(calls);
    }

    @Test
    void onlyHalfOfCudaIsNamed() throws IOException {
        StandIn standIn = StandIn.require();
        Files.createSymbolicLink(
                folder.resolve("libcudart.so.12"), standIn.folder().resolve("libcudart.so.12"));
        CublasProvider provider = CublasProvider.open(standIn.options().withCuda(folder), cpu, team);
        assertThat(((GpuState.Unusable) provider.state()).reason())
                .startsWith("libcublas.so.12 was not found in " + folder);
        provider.close();
    }

    @Test
    void aLibraryWithoutItsFunctionsIsNamed() throws IOException {
        StandIn standIn = StandIn.require();
        Files.createSymbolicLink(
                folder.resolve("libcublas.so.12"), standIn.folder().resolve("libcublas.so.12"));
        Path math = Path.of("/lib/x86_64-linux-gnu/libm.so.6");
        Assumptions.assumeTrue(Files.exists(math), "no library to take for another");
        Files.createSymbolicLink(folder.resolve("libcudart.so.12"), math);
        CublasProvider provider = CublasProvider.open(standIn.options().withCuda(folder), cpu, team);
        assertThat(((GpuState.Unusable) provider.state()).reason()).contains("has no function cuda");
        provider.close();
    }

    @Test
    void withoutADeviceEverythingStays() {
        StandIn standIn = StandIn.require();
        standIn.devices(0);
        List<Long> before = standIn.live();
        CublasProvider provider = CublasProvider.open(standIn.options(), cpu, team);
        assertThat(((GpuState.Unusable) provider.state()).reason()).contains("there is no device");
        assertThat(reason(provider.consider(tensor(8, 32), Regime.PREFILL))).contains("no GPU that can be used");
        provider.close();
        assertThat(standIn.live()).isEqualTo(before);
    }

    @ParameterizedTest
    @EnumSource
    void aDeviceThatMiscountsIsNotUsed(Side side) {
        StandIn standIn = StandIn.require();
        standIn.miscount(side);
        List<Long> before = standIn.live();
        CublasProvider provider = CublasProvider.open(standIn.options(), cpu, team);
        assertThat(((GpuState.Unusable) provider.state()).reason())
                .contains(
                        side == Side.FORWARD
                                ? "number 73 of a trial product on the GPU: expected"
                                : "number 97 of a trial product on the GPU, on the way back: expected");
        assertThat(standIn.live()).isEqualTo(before);
        provider.close();
    }

    @Test
    void theStateNamesDeviceVersionsAndMemory() {
        StandIn standIn = StandIn.require();
        standIn.reset(3L << 30, false);
        CublasProvider provider = CublasProvider.open(standIn.options(), cpu, team);
        provider.consider(tensor(8, 32), Regime.PREFILL);
        GpuState.InUse state = (GpuState.InUse) provider.state();
        assertThat(state.device()).isEqualTo("Stand-in 1000");
        assertThat(state.computeCapability()).isEqualTo("9.1");
        assertThat(state.libraries())
                .contains("CUDA 12.4 (", "libcudart.so.12)", "cuBLAS 12.4.5", "driver for CUDA 12.8");
        assertThat(state.total()).isEqualTo(3L << 30);
        assertThat(state.free()).isEqualTo(3L << 30);
        assertThat(state.budget()).isEqualTo(2L << 30);
        assertThat(state.weights()).isEqualTo(2 * 8 * 32);
        assertThat(state.matrices()).isEqualTo(1);
        provider.close();
        assertThat(((GpuState.Unusable) provider.state()).reason()).contains("closed");
    }

    @Test
    void fewRowsAndLowLayersStay() {
        StandIn standIn = StandIn.require();
        CublasProvider provider =
                CublasProvider.open(standIn.options().withLayers(2).withRows(32), cpu, team);
        Tensor w = tensor(8, 32);
        assertThat(reason(provider.consider(w, Regime.DECODE, Place.inLayer(3, 4))))
                .isEqualTo("rows 1 below 32 (--gpu-rows)");
        assertThat(reason(provider.consider(w, Regime.PREFILL, Place.inLayer(1, 4))))
                .isEqualTo("it is not among the top 2 layers (-ngl)");
        assertThat(reason(provider.consider(w, Regime.PREFILL, Place.output(4, 16))))
                .isEqualTo("it is not among the top 2 layers (-ngl)");
        assertThat(standIn.deviceBytes()).as("nothing has been taken up").isEqualTo(Gpu.SLOTS * Gpu.SLOT_BYTES);
        Answer answer = provider.consider(w, Regime.PREFILL, Place.inLayer(2, 4));
        assertThat(((Accepted) answer).kernel().name()).isEqualTo("cublas(32+)/scalar");
        provider.close();
        provider = CublasProvider.open(standIn.options().withLayers(5).withRows(32), cpu, team);
        assertThat(reason(provider.consider(w, Regime.PREFILL, Place.output(4, 16))))
                .isEqualTo("rows 16 below 32 (--gpu-rows)");
        assertThat(provider.consider(w, Regime.PREFILL, Place.output(4, 32))).isInstanceOf(Accepted.class);
        provider.close();
    }

    @Test
    void layersAreCountedFromTheTopAsLlamaCppDoes() {
        assertThat(Place.inLayer(3, 4).isAmongTop(1)).isTrue();
        assertThat(Place.inLayer(2, 4).isAmongTop(1)).isFalse();
        assertThat(Place.inLayer(0, 4).isAmongTop(4)).isTrue();
        assertThat(Place.output(4, 16).isAmongTop(4)).isFalse();
        assertThat(Place.output(4, 16).isAmongTop(5)).isTrue();
        assertThat(Place.ALONE.isAmongTop(1)).isTrue();
        assertThat(Place.ALONE.isAmongTop(0)).isFalse();
    }

    @Test
    void whatDoesNotFitTheBudgetStaysAndSoDoesAllThatComesLater() {
        StandIn standIn = StandIn.require();
        CublasProvider provider = CublasProvider.open(standIn.options().withMemory(3 * 2 * 64 * 64), cpu, team);
        Tensor first = tensor(64, 64);
        assertThat(provider.consider(first, Regime.PREFILL)).isInstanceOf(Accepted.class);
        assertThat(reason(provider.consider(tensor(192, 64), Regime.PREFILL)))
                .contains("the GPU is full since blk.0.attn_q.weight: it takes", "(--gpu-memory)");
        assertThat(reason(provider.consider(tensor(8, 32), Regime.PREFILL))).contains("the GPU is full since");
        assertThat(provider.consider(first, Regime.DECODE)).as("it is there").isInstanceOf(Accepted.class);
        provider.release(first);
        assertThat(provider.consider(tensor(192, 64), Regime.PREFILL)).isInstanceOf(Accepted.class);
        provider.close();
    }

    @Test
    void aFullDeviceIsNoReasonToGiveItUp() {
        StandIn standIn = StandIn.require();
        long slots = Gpu.SLOTS * Gpu.SLOT_BYTES;
        standIn.reset(slots + (1 << 16), false);
        CublasProvider provider = CublasProvider.open(standIn.options().withMemory(1L << 40), cpu, team);
        assertThat(provider.consider(tensor(64, 64), Regime.PREFILL)).isInstanceOf(Accepted.class);
        assertThat(reason(provider.consider(tensor(640, 64), Regime.PREFILL)))
                .contains("cudaMalloc returned 2: out of memory");
        assertThat(provider.state()).isInstanceOf(GpuState.InUse.class);
        assertThat(standIn.deviceBytes()).isEqualTo(slots + 2 * 64 * 64);
        provider.close();
        assertThat(standIn.fault()).isEmpty();
    }

    @Test
    void aMatrixGoesUpOnceAndIsFreedWithItsModel() {
        StandIn standIn = StandIn.require();
        CublasProvider provider = CublasProvider.open(standIn.options(), cpu, team);
        long empty = standIn.deviceBytes();
        Tensor w = tensor(16, 32);
        provider.consider(w, Regime.PREFILL);
        provider.consider(w, Regime.DECODE);
        provider.consider(w, Regime.PREFILL);
        assertThat(standIn.deviceBytes() - empty).isEqualTo(2 * 16 * 32);
        Kernels kernels = cpu.behind(provider);
        kernels.release(List.of(w));
        kernels.release(List.of(w));
        assertThat(standIn.deviceBytes()).isEqualTo(empty);
        kernels.close();
        kernels.close();
        assertThat(standIn.deviceBytes()).isZero();
        assertThat(standIn.fault()).isEmpty();
    }

    @Test
    void aResultThatNoSlotHoldsStays() {
        StandIn standIn = StandIn.require();
        CublasProvider provider = CublasProvider.open(standIn.options(), cpu, team);
        int rows = (int) (Gpu.SLOT_BYTES / 4) + 1;
        assertThat(reason(provider.consider(tensor(rows, 1), Regime.PREFILL))).contains(Integer.toString(rows));
        provider.close();
    }
}
