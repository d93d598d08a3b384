package dev.excitor.runtime.kernel.avx512;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.excitor.runtime.ExcitorException;
import dev.excitor.runtime.Shape;
import dev.excitor.runtime.Tensor;
import dev.excitor.runtime.foreign.CpuId;
import dev.excitor.runtime.foreign.CpuId.Feature;
import dev.excitor.runtime.format.Format;
import dev.excitor.runtime.format.Formats;
import dev.excitor.runtime.kernel.KernelProvider.Accepted;
import dev.excitor.runtime.kernel.KernelProvider.Answer;
import dev.excitor.runtime.kernel.KernelProvider.Declined;
import dev.excitor.runtime.kernel.Kernels;
import dev.excitor.runtime.kernel.Kernels.Tier;
import dev.excitor.runtime.kernel.Regime;
import java.lang.foreign.Arena;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/// Which matrices are accepted, and that whoever is declined learns why.
class Avx512ProviderTest {

    private static final String REASON = "the moon is in the wrong phase";

    static List<WeightCode> codes() {
        return WeightCodes.all();
    }

    @Test
    void whatStandsInTheWayIsTheReasonOfEveryAnswer() {
        try (Arena arena = Arena.ofConfined();
                Avx512Provider provider = Avx512Provider.open(false, Optional.of(REASON), Integer.MAX_VALUE)) {
            for (WeightCode code : WeightCodes.all()) {
                assertThat(provider.consider(tensor(arena, Formats.of(code.format()), 768), Regime.DECODE))
                        .isEqualTo(new Declined(REASON));
            }
        }
    }

    @Test
    void whatStandsInTheWayIsAnErrorWhereTheTierIsRequired() {
        assertThatThrownBy(() -> Avx512Provider.open(true, Optional.of(REASON), Integer.MAX_VALUE))
                .isInstanceOf(ExcitorException.Unsupported.class)
                .hasMessageContaining("the avx512 tier")
                .hasMessageContaining(REASON)
                .hasMessageContaining("auto");
    }

    /// As on another machine: what the virtual machine says of it decides, and the chain goes on without us where
    /// we were not asked for by name.
    @Test
    void anotherArchitectureIsNamedByTheTierAndByTheChain() {
        String arch = System.getProperty("os.arch");
        System.setProperty("os.arch", "riscv64");
        try (Arena arena = Arena.ofConfined();
                Kernels kernels = Kernels.of(Tier.AUTO, 0)) {
            assertThatThrownBy(() -> Kernels.of(Tier.NATIVE, 0))
                    .isInstanceOf(ExcitorException.Unsupported.class)
                    .hasMessageContaining("riscv64");
            Kernels.Choice choice = kernels.choose(tensor(arena, Formats.of("Q4_0"), 768), Regime.DECODE);
            assertThat(choice.declined().get(0))
                    .startsWith("native(amx) declined: ")
                    .contains("riscv64");
            assertThat(choice.declined().get(1))
                    .startsWith("native(avx512) declined: ")
                    .contains("riscv64");
            assertThat(choice.kernel().name()).doesNotStartWith("native");
        } finally {
            System.setProperty("os.arch", arch);
        }
    }

    @ParameterizedTest
    @EnumSource(Feature.class)
    void aMissingFeatureIsNamed(Feature feature) {
        Set<Feature> others = EnumSet.complementOf(EnumSet.of(feature));
        Optional<String> expected = Optional.of(
                        "cpu has no " + feature.toString().toLowerCase(Locale.ROOT))
                .filter(reason -> Avx512Provider.NEEDED.contains(feature));
        assertThat(CpuId.missing(Avx512Provider.NEEDED, others)).isEqualTo(expected);
    }

    @Test
    void severalMissingFeaturesAreNamed() {
        Set<Feature> others = EnumSet.complementOf(EnumSet.of(Feature.AVX512BW, Feature.AVX512_VNNI));
        assertThat(CpuId.missing(Avx512Provider.NEEDED, others)).contains("cpu has no avx512bw, avx512_vnni");
        assertThat(CpuId.missing(Avx512Provider.NEEDED, EnumSet.allOf(Feature.class)))
                .isEmpty();
    }

    @ParameterizedTest
    @MethodSource("codes")
    void wholeUnitsOfEveryCodeAreAcceptedOnceForAllMatricesOfAWidth(WeightCode code) {
        Avx512Cpu.require();
        Format format = Formats.of(code.format());
        try (Arena arena = Arena.ofConfined();
                Kernels kernels = Kernels.of(Tier.AVX512, 0);
                Avx512Provider provider = Avx512Provider.open(true)) {
            Tensor tensor = tensor(arena, format, 3 * code.unitWeights());
            assertThat(kernels.choose(tensor, Regime.PREFILL)).hasToString("native(avx512) accepted");
            Answer answer = provider.consider(tensor, Regime.DECODE);
            assertThat(answer).isInstanceOf(Accepted.class);
            assertThat(provider.consider(tensor(arena, format, 3 * code.unitWeights()), Regime.PREFILL))
                    .as("the same kernel again")
                    .isEqualTo(answer);
        }
    }

    @ParameterizedTest
    @MethodSource("codes")
    void rowsThatAreNotWholeUnitsAreDeclined(WeightCode code) {
        Avx512Cpu.require();
        Format format = Formats.of(code.format());
        try (Arena arena = Arena.ofConfined();
                Avx512Provider provider = Avx512Provider.open(true)) {
            for (int cols = format.blockSize(); cols < 4 * code.unitWeights(); cols += format.blockSize()) {
                assertThat(provider.consider(tensor(arena, format, cols), Regime.DECODE))
                        .as("%s of %d columns", code.format(), cols)
                        .isInstanceOf(cols % code.unitWeights() == 0 ? Accepted.class : Declined.class);
            }
        }
    }

    @Test
    void floatWeightsAreTakenARowOfActivationsAtATime() {
        Avx512Cpu.require();
        try (Arena arena = Arena.ofConfined();
                Avx512Provider provider = Avx512Provider.open(true)) {
            for (Format format : Formats.all()) {
                if (WeightCodes.find(format).isEmpty()) {
                    assertThat(provider.consider(tensor(arena, format, 768), Regime.DECODE))
                            .isInstanceOf(Accepted.class);
                    assertThat(provider.consider(tensor(arena, format, 776), Regime.DECODE))
                            .isEqualTo(new Declined("rows of 776 are not whole runs of 64"));
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
