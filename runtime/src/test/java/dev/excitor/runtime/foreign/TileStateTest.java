package dev.excitor.runtime.foreign;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;

/// Tiles are given where Linux lists them, as often as one asks, and refused with its error elsewhere.
class TileStateTest {

    @Test
    void theSystemGivesTilesWhereTheProcessorHasThem() {
        Optional<String> obstacle = MachineCode.obstacle();
        Assumptions.assumeTrue(obstacle.isEmpty(), () -> "skipped: " + obstacle.orElseThrow());
        Optional<Set<String>> flags = ProcFiles.cpuFlags();
        Assumptions.assumeTrue(flags.isPresent(), "skipped: /proc/cpuinfo lists no flags");
        for (int time = 0; time < 2; time++) {
            Optional<String> reason = TileState.request();
            if (flags.orElseThrow().contains("amx_tile")) {
                assertThat(reason).isEmpty();
            } else {
                assertThat(reason.orElseThrow())
                        .startsWith("the system keeps no tiles for this process: ")
                        .contains("arch_prctl", "errno");
            }
        }
    }
}
