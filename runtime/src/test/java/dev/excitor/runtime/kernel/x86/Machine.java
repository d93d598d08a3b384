package dev.excitor.runtime.kernel.x86;

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
public final class Machine {

    private static final System.Logger LOG = System.getLogger(Machine.class.getName());

    private Machine() {}

    /// Skips the test, with the reason, where the processor lacks what the kernels need; fails it where Linux says
    /// that the processor has all of that and the provider declines nevertheless.
    public static void require(TierUnderTest tier) {
        require(tier.needed(), tier.obstacle());
    }

    /// The same for kernels that need these features, and cannot run for this reason.
    public static void require(Set<Feature> needed, Optional<String> obstacle) {
        if (obstacle.isEmpty()) {
            return;
        }
        if (ProcFiles.cpuFlags()
                .filter(present -> present.containsAll(flags(needed)))
                .isPresent()) {
            fail("this processor has " + needed + ", and yet: " + obstacle.get());
        }
        String skipped = "skipped: machine code was not tested, because " + obstacle.get();
        LOG.log(System.Logger.Level.WARNING, skipped);
        Assumptions.abort(skipped);
    }

    private static Set<String> flags(Set<Feature> features) {
        return features.stream()
                .map(Feature::name)
                .map(name -> name.toLowerCase(Locale.ROOT))
                .collect(Collectors.toSet());
    }
}
