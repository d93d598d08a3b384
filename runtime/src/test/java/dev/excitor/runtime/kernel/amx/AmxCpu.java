package dev.excitor.runtime.kernel.amx;

import dev.excitor.runtime.foreign.CpuId.Feature;
import dev.excitor.runtime.format.Format;
import dev.excitor.runtime.format.Formats;
import dev.excitor.runtime.kernel.avx512.Avx512Tier;
import dev.excitor.runtime.kernel.x86.Machine;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.params.provider.Arguments;

/// Decides whether tests of this folder's machine code run, see [Machine], and which formats they are about.
final class AmxCpu {

    private AmxCpu() {}

    static void require() {
        Set<Feature> needed = EnumSet.copyOf(AmxProvider.NEEDED);
        needed.addAll(new Avx512Tier().needed());
        Machine.require(needed, AmxProvider.obstacle());
    }

    /// All formats that become brain floats.
    static List<Format> formats() {
        return Formats.all().stream()
                .filter(format -> WeightSource.find(format).isPresent())
                .toList();
    }

    static Stream<Arguments> named() {
        return formats().stream().map(format -> Arguments.of(Named.of(format.name(), format)));
    }
}
