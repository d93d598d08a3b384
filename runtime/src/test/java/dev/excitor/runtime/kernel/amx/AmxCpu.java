package dev.excitor.runtime.kernel.amx;

import dev.excitor.runtime.format.Format;
import dev.excitor.runtime.format.Formats;
import dev.excitor.runtime.kernel.x86.Machine;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.params.provider.Arguments;

/// Decides whether tests of this folder's machine code run, see [Machine], and which formats they are about.
final class AmxCpu {

    private AmxCpu() {}

    static void require() {
        Machine.require(AmxProvider.NEEDED, AmxProvider.obstacle());
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
