package dev.excitor.runtime.kernel.cublas;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.excitor.runtime.ExcitorException;
import dev.excitor.runtime.format.Formats;
import dev.excitor.runtime.kernel.Activations;
import dev.excitor.runtime.kernel.GpuState;
import dev.excitor.runtime.kernel.KernelProvider.Accepted;
import dev.excitor.runtime.kernel.KernelProvider.Answer;
import dev.excitor.runtime.kernel.Kernels;
import dev.excitor.runtime.kernel.MatMul;
import dev.excitor.runtime.kernel.Regime;
import dev.excitor.runtime.kernel.scalar.ScalarMatMul;
import dev.excitor.runtime.team.Team;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// Every call of CUDA and cuBLAS fails once: nothing leaks, nothing hangs, the CPU goes on.
@Timeout(120)
class CublasFailureTest {

    private static final long SEED = 0;
    private static final int FAILURE = 719;

    private StandIn standIn;
    private Team team;
    private Kernels cpu;

    @BeforeEach
    void load() {
        standIn = StandIn.require();
        team = new Team(2);
        cpu = Kernels.of(Kernels.Tier.SCALAR, 0);
    }

    @AfterEach
    void stop() {
        if (team != null) {
            team.close();
        }
    }

    /// What a life with a GPU came to.
    ///
    /// @param thrown  from making room for activations, or from a pass
    /// @param usable  whether the GPU is still used at the end
    record Life(List<ExcitorException.NativeCall> thrown, boolean usable) {}

    /// Opens a device, binds two matrices, makes room for activations, multiplies several times, both ways, and frees
    /// all of it. Each product that comes out is right.
    private Life live() {
        List<ExcitorException.NativeCall> thrown = new ArrayList<>();
        CublasProvider provider = CublasProvider.open(standIn.options(), cpu, team);
        boolean usable;
        try (Arena weights = Arena.ofShared()) {
            Random random = new Random(SEED);
            GpuProduct large = GpuProduct.random(weights, Formats.of("Q4_0"), 48, 64, 9, random);
            GpuProduct small = GpuProduct.random(weights, Formats.of("F32"), 16, 32, 3, random);
            MatMul first = kernel(provider.consider(large.w(), Regime.PREFILL));
            MatMul second = kernel(provider.consider(small.w(), Regime.PREFILL));
            multiplyInASession(large, first, thrown);
            multiplyInASession(small, second, thrown);
            float[] gradients = GpuProduct.numbers(5 * large.w().shape().rows(), random);
            goBackInASession(new GpuGradient(large.w(), gradients), first, thrown);
            usable = provider.state() instanceof GpuState.InUse;
            provider.release(large.w());
        } finally {
            provider.close();
        }
        return new Life(thrown, usable);
    }

    private static MatMul kernel(Answer answer) {
        return answer instanceof Accepted accepted ? accepted.kernel() : new ScalarMatMul();
    }

    /// Two passes, and after one that failed another.
    private void multiplyInASession(GpuProduct product, MatMul kernel, List<ExcitorException.NativeCall> thrown) {
        try (Arena arena = Arena.ofShared()) {
            Activations activations = product.activations(arena, kernel);
            for (int pass = 0; pass < 2; pass++) {
                try {
                    product.check(product.run(team, kernel, activations), "pass " + pass);
                } catch (ExcitorException.NativeCall failure) {
                    thrown.add(failure);
                    product.check(product.run(team, kernel, activations), "after a failure");
                }
            }
        } catch (ExcitorException.NativeCall noRoom) {
            thrown.add(noRoom);
        }
    }

    /// The same for the way back, which adds the second time to what is there.
    private void goBackInASession(GpuGradient gradient, MatMul kernel, List<ExcitorException.NativeCall> thrown) {
        try (Arena arena = Arena.ofShared()) {
            Activations activations = gradient.activations(arena, kernel);
            for (boolean add : new boolean[] {false, true}) {
                try {
                    gradient.check(gradient.run(team, kernel, activations, add), add, "on the way back");
                } catch (ExcitorException.NativeCall failure) {
                    thrown.add(failure);
                    gradient.check(gradient.run(team, kernel, activations, add), add, "back after a failure");
                }
            }
        } catch (ExcitorException.NativeCall noRoom) {
            thrown.add(noRoom);
        }
    }

    @Test
    void everyCallFailsOnceAndNothingIsLost() {
        List<Long> before = standIn.live();
        assertThat(live()).isEqualTo(new Life(List.of(), true));
        long calls = standIn.calls();
        assertThat(calls).isGreaterThan(100);
        assertThat(standIn.fault()).isEmpty();
        assertThat(standIn.live()).isEqualTo(before);
        for (boolean eager : new boolean[] {false, true}) {
            for (int call = 1; call <= calls; call++) {
                standIn.reset(StandIn.PLENTY, eager);
                standIn.fail(call, call, FAILURE);
                before = standIn.live();
                Life life = live();
                String function = standIn.failedFunction();
                assertThat(standIn.fault()).as("call %d, %s", call, function).isEmpty();
                assertThat(taken(standIn.live()) - taken(before))
                        .as("left after call %d, %s", call, function)
                        .isEqualTo(gives(function) ? 1 : 0);
                assertThat(life.thrown()).as("call %d, %s", call, function).allSatisfy(failure -> {
                    assertThat(failure.function()).isEqualTo(function);
                    assertThat(failure.status()).isEqualTo(FAILURE);
                });
                assertThat(life.usable() && !life.thrown().isEmpty() && !makesRoom(function))
                        .as("a pass failed at call %d, %s, and the device is trusted", call, function)
                        .isFalse();
            }
        }
    }

    /// What CUDA does after a program on the device has gone wrong: nothing works any more.
    @Test
    void fromSomeCallOnNothingWorks() {
        assertThat(live().thrown()).isEmpty();
        long calls = standIn.calls();
        for (int call = 1; call <= calls; call++) {
            standIn.reset(StandIn.PLENTY, false);
            standIn.fail(call, Long.MAX_VALUE, FAILURE);
            live();
            assertThat(standIn.fault()).as("from call %d on", call).isEmpty();
        }
    }

    @Test
    void aPassThatFailsNamesTheFunctionAndTheMeaning() {
        CublasProvider provider = CublasProvider.open(standIn.options(), cpu, team);
        try (Arena arena = Arena.ofShared()) {
            GpuProduct product = GpuProduct.random(arena, Formats.of("F16"), 48, 64, 9, new Random(SEED));
            MatMul kernel = kernel(provider.consider(product.w(), Regime.PREFILL));
            Activations activations = product.activations(arena, kernel);
            product.run(team, kernel, activations);
            standIn.fail(standIn.calls() + 1, standIn.calls() + 1, 13);
            assertThatThrownBy(() -> product.run(team, kernel, activations))
                    .isInstanceOf(ExcitorException.NativeCall.class)
                    .hasMessage("cudaMemcpyAsync returned 13: a fault of the test.");
            assertThat(standIn.deviceBytes())
                    .as("device memory after a failed pass")
                    .isZero();
            assertThat(provider.state())
                    .isInstanceOfSatisfying(
                            GpuState.Unusable.class,
                            state -> assertThat(state.reason())
                                    .contains("not used any more", "cudaMemcpyAsync returned 13"));
            assertThat(kernel.packings()).isEmpty();
            product.check(product.run(team, kernel, product.activations(arena, kernel)), "on the CPU");
            assertThat(provider.consider(product.w(), Regime.PREFILL).toString())
                    .contains("cudaMemcpyAsync");
        } finally {
            provider.close();
            provider.close();
        }
    }

    private static long taken(List<Long> live) {
        return live.stream().mapToLong(count -> count).sum();
    }

    private static boolean gives(String function) {
        return function.contains("Free") || function.contains("Destroy");
    }

    private static boolean makesRoom(String function) {
        return function.equals("cudaMalloc") || function.equals("cudaHostAlloc");
    }
}
