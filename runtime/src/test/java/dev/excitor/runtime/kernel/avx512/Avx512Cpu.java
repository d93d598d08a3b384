package dev.excitor.runtime.kernel.avx512;

import static org.assertj.core.api.Assertions.fail;

import dev.excitor.runtime.foreign.CpuId.Feature;
import dev.excitor.runtime.foreign.ProcFiles;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Assumptions;

/// Decides whether tests of machine code run: skipped on a machine without the instructions, never on one that has
/// them.
public final class Avx512Cpu {

    private static final System.Logger LOG = System.getLogger(Avx512Cpu.class.getName());

    private Avx512Cpu() {}

    /// Skips the test, with the reason, where the processor lacks what the kernels need; fails it where Linux says
    /// that the processor has all of that and the provider declines nevertheless.
    public static void require() {
        Optional<String> obstacle = Avx512Provider.obstacle();
        if (obstacle.isEmpty()) {
            return;
        }
        if (ProcFiles.cpuFlags()
                .filter(flags -> flags.containsAll(neededFlags()))
                .isPresent()) {
            fail("this processor has " + neededFlags() + ", and yet: " + obstacle.get());
        }
        String skipped = "skipped: machine code was not tested, because " + obstacle.get();
        LOG.log(System.Logger.Level.WARNING, skipped);
        Assumptions.abort(skipped);
    }

    private static Set<String> neededFlags() {
        return Avx512Provider.NEEDED.stream()
                .map(Feature::name)
                .map(name -> name.toLowerCase(Locale.ROOT))
                .collect(Collectors.toSet());
    }
}
