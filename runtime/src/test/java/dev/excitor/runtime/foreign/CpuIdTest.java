package dev.excitor.runtime.foreign;

import static org.assertj.core.api.Assertions.assertThat;

import dev.excitor.runtime.foreign.CpuId.Feature;
import java.util.EnumSet;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;

/// The processor's own answers are those that Linux gives.
class CpuIdTest {

    @Test
    void featuresAreTheFlagsOfLinux() {
        Optional<String> obstacle = MachineCode.obstacle();
        Assumptions.assumeTrue(obstacle.isEmpty(), () -> "skipped: " + obstacle.orElseThrow());
        Optional<Set<String>> flags = ProcFiles.cpuFlags();
        Assumptions.assumeTrue(flags.isPresent(), "skipped: /proc/cpuinfo lists no flags");
        Set<Feature> expected = EnumSet.noneOf(Feature.class);
        for (Feature feature : Feature.values()) {
            if (flags.orElseThrow().contains(feature.name().toLowerCase(Locale.ROOT))) {
                expected.add(feature);
            }
        }
        assertThat(CpuId.features()).isEqualTo(expected);
    }
}
