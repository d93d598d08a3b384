package dev.excitor.runtime.kernel.avx2;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.excitor.runtime.ExcitorException;
import dev.excitor.runtime.Shape;
import dev.excitor.runtime.Tensor;
import dev.excitor.runtime.format.Format;
import dev.excitor.runtime.format.Formats;
import dev.excitor.runtime.kernel.KernelProvider.Accepted;
import dev.excitor.runtime.kernel.KernelProvider.Answer;
import dev.excitor.runtime.kernel.KernelProvider.Declined;
import dev.excitor.runtime.kernel.Kernels;
import dev.excitor.runtime.kernel.Kernels.Tier;
import dev.excitor.runtime.kernel.Regime;
import java.lang.foreign.Arena;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Which matrices are accepted, and that whoever is declined learns why.
class Avx2ProviderTest {

    private static final String REASON = "the moon is in the wrong phase";

    static List<WeightCode> codes() {
        return WeightCodes.all();
    }

    @Test
    void whatStandsInTheWayIsTheReasonOfEveryAnswer() {
        try (Arena arena = Arena.ofConfined();
                Avx2Provider provider = Avx2Provider.open(false, Optional.of(REASON), false)) {
            for (WeightCode code : WeightCodes.all()) {
                assertThat(provider.consider(tensor(arena, Formats.of(code.format()), 768), Regime.DECODE))
                        .isEqualTo(new Declined(REASON));
            }
        }
    }

    @Test
    void whatStandsInTheWayIsAnErrorWhereTheTierIsRequired() {
        assertThatThrownBy(() -> Avx2Provider.open(true, Optional.of(REASON), false))
                .isInstanceOf(ExcitorException.Unsupported.class)
                .hasMessageContaining("machine code")
                .hasMessageContaining(REASON)
                .hasMessageContaining("auto");
    }

    /// The tier goes without AVX-512 even where the processor has it, and takes rows of every length that the
    /// format has.
    @ParameterizedTest
    @MethodSource("codes")
    void theTierTakesWholeBlocksOfEveryCode(WeightCode code) {
        Avx2Cpu.require();
        Format format = Formats.of(code.format());
        try (Arena arena = Arena.ofConfined();
                Kernels kernels = Kernels.of(Tier.AVX2, 0);
                Avx2Provider provider = Avx2Provider.open(true)) {
            Tensor tensor = tensor(arena, format, 3 * format.blockSize());
            assertThat(kernels.choose(tensor, Regime.PREFILL)).hasToString("native(avx2) accepted");
            Answer answer = provider.consider(tensor, Regime.DECODE);
            assertThat(answer).isInstanceOf(Accepted.class);
            assertThat(provider.consider(tensor(arena, format, 3 * format.blockSize()), Regime.PREFILL))
                    .as("the same kernel again")
                    .isEqualTo(answer);
        }
    }

    @Test
    void floatWeightsAreTakenARowOfActivationsAtATime() {
        Avx2Cpu.require();
        try (Arena arena = Arena.ofConfined();
                Avx2Provider provider = Avx2Provider.open(true)) {
            for (Format format : Formats.all()) {
                if (WeightCodes.find(format).isEmpty()) {
                    assertThat(provider.consider(tensor(arena, format, 96), Regime.DECODE))
                            .isInstanceOf(Accepted.class);
                    assertThat(provider.consider(tensor(arena, format, 776), Regime.DECODE))
                            .isEqualTo(new Declined("rows of 776 are not whole runs of 32"));
                    assertThat(provider.consider(tensor(arena, format, 768), Regime.PREFILL))
                            .isEqualTo(new Declined("float weights meet one row of activations at a time"));
                }
            }
        }
    }

    private static Tensor tensor(Arena arena, Format format, int cols) {
        Shape shape = new Shape(2, cols);
        return new Tensor("w", format, shape, arena.allocate(format.bytes(shape)));
    }
}
