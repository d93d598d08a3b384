package dev.excitor.runtime.kernel.amx;

import static org.assertj.core.api.Assertions.assertThat;

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
import dev.excitor.runtime.kernel.MatMul;
import dev.excitor.runtime.kernel.Regime;
import dev.excitor.runtime.kernel.avx512.Avx512Provider;
import java.lang.foreign.Arena;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/// Which matrices are accepted, who multiplies a few activations, and that whoever is declined learns why.
class AmxProviderTest {

    private static final String REASON = "the tiles are being cleaned";

    static Stream<Arguments> formats() {
        return AmxCpu.named();
    }

    @Test
    void whatStandsInTheWayIsTheReasonOfEveryAnswer() {
        try (Arena arena = Arena.ofConfined();
                Avx512Provider few = Avx512Provider.open(false);
                AmxProvider provider = AmxProvider.open(Optional.of(REASON), few)) {
            for (Format format : Formats.all()) {
                assertThat(provider.consider(tensor(arena, format, 768), Regime.PREFILL))
                        .isEqualTo(new Declined(REASON));
            }
        }
    }

    @Test
    void processorsWithoutTilesSaySo() {
        Set<Feature> others = EnumSet.complementOf(EnumSet.of(Feature.AMX_TILE, Feature.AMX_BF16));
        assertThat(CpuId.missing(AmxProvider.NEEDED, others)).contains("cpu has no amx_tile, amx_bf16");
    }

    @Test
    void theChainGoesOnWhereThereAreNoTiles() {
        Optional<String> obstacle = AmxProvider.obstacle();
        try (Arena arena = Arena.ofConfined();
                Kernels kernels = Kernels.of(Tier.AUTO, 0)) {
            Kernels.Choice choice = kernels.choose(tensor(arena, Formats.of("Q4_0"), 768), Regime.PREFILL);
            if (obstacle.isPresent()) {
                assertThat(choice.declined().getFirst()).isEqualTo("native(amx) declined: " + obstacle.get());
                assertThat(choice.kernel().name()).isNotEqualTo("native(amx)");
            } else {
                assertThat(choice).hasToString("native(amx) accepted");
            }
        }
    }

    @ParameterizedTest
    @MethodSource("formats")
    void severalActivationsAreAcceptedOnceForAllMatricesOfAWidth(Format format) {
        AmxCpu.require();
        int unit = WeightSource.find(format).orElseThrow().unitWeights();
        try (Arena arena = Arena.ofConfined();
                Avx512Provider few = Avx512Provider.openForFew(AmxProvider.TILES_FROM - 1);
                AmxProvider provider = AmxProvider.open(few)) {
            Answer answer = provider.consider(tensor(arena, format, 3 * unit), Regime.PREFILL);
            assertThat(answer).isInstanceOf(Accepted.class);
            assertThat(provider.consider(tensor(arena, format, 3 * unit), Regime.PREFILL))
                    .as("the same kernel again")
                    .isEqualTo(answer);
            assertThat(provider.consider(tensor(arena, format, 3 * unit), Regime.DECODE))
                    .isEqualTo(new Declined("tiles are for several rows of activations"));
            assertThat(provider.consider(tensor(arena, format, 3 * unit + format.blockSize() * 32), Regime.PREFILL))
                    .isInstanceOf((3 * unit + format.blockSize() * 32) % unit == 0 ? Accepted.class : Declined.class);
        }
    }

    @ParameterizedTest
    @MethodSource("formats")
    void aFewActivationsAreLeftToOthersWhereThereAreOthers(Format format) {
        AmxCpu.require();
        try (Arena arena = Arena.ofConfined();
                Avx512Provider few = Avx512Provider.openForFew(AmxProvider.TILES_FROM - 1);
                AmxProvider provider = AmxProvider.open(few)) {
            Tensor tensor = tensor(arena, format, 768);
            MatMul kernel = ((Accepted) provider.consider(tensor, Regime.PREFILL)).kernel();
            if (few.consider(tensor, Regime.PREFILL) instanceof Accepted other) {
                assertThat(kernel.packing(AmxProvider.TILES_FROM - 1))
                        .isEqualTo(other.kernel().packing(AmxProvider.TILES_FROM - 1));
            } else {
                assertThat(kernel.packing(1)).isInstanceOf(BrainPacking.class);
            }
            assertThat(kernel.packing(AmxProvider.TILES_FROM)).isInstanceOf(BrainPacking.class);
            assertThat(kernel.packings()).contains(kernel.packing(1), kernel.packing(16));
        }
    }

    @Test
    void longerFloatsAreLeftToOthers() {
        AmxCpu.require();
        try (Arena arena = Arena.ofConfined();
                Avx512Provider few = Avx512Provider.openForFew(AmxProvider.TILES_FROM - 1);
                AmxProvider provider = AmxProvider.open(few)) {
            for (String name : List.of("F32", "F16")) {
                assertThat(provider.consider(tensor(arena, Formats.of(name), 768), Regime.PREFILL))
                        .isEqualTo(new Declined(name + " weights have more bits than a brain float"));
            }
        }
    }

    private static Tensor tensor(Arena arena, Format format, int cols) {
        Shape shape = new Shape(2, cols);
        return new Tensor("w", format, shape, arena.allocate(format.bytes(shape)));
    }
}
