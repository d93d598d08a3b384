package dev.excitor.cli.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;

class BenchTimingsTest {

    @Test
    void theMedianAndTheQuartilesIgnoreARunThatWasDisturbed() {
        // 100 tokens in 1, 1.25, 2, 2.5 and 100 seconds
        Timings times = times(1_000_000_000L, 2_500_000_000L, 2_000_000_000L, 100_000_000_000L, 1_250_000_000L);
        assertThat(times.rates()).containsExactly(100.0, 40.0, 50.0, 1.0, 80.0);
        assertThat(times.medianRate()).isEqualTo(50);
        assertThat(times.spread()).isEqualTo((80.0 - 40.0) / 50);
    }

    @Test
    void meansAndDeviationsAreThoseOfLlamaBench() {
        Timings times = times(1_000_000_000L, 2_000_000_000L, 4_000_000_000L);
        assertThat(times.meanNanos()).isCloseTo(7e9 / 3, within(1.0));
        assertThat(times.deviationNanos()).isCloseTo(1_527_525_231.65, within(1.0));
        assertThat(times.meanRate()).isCloseTo(175 / 3.0, within(1e-9));
        assertThat(times.deviationRate()).isCloseTo(38.1881307912987, within(1e-9));
    }

    @Test
    void aSingleRunHasNoDeviation() {
        Timings times = times(3_000_000_000L);
        assertThat(times.deviationNanos()).isZero();
        assertThat(times.deviationRate()).isZero();
        assertThat(times.spread()).isZero();
    }

    private static Timings times(Long... nanos) {
        return new Timings(100, Instant.EPOCH, List.of(nanos));
    }
}
