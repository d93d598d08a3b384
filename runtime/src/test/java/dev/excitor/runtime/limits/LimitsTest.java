package dev.excitor.runtime.limits;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.excitor.runtime.team.Team;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.junit.jupiter.api.Test;

/// That something is measured, not how much: no machine is known here.
class LimitsTest {

    @Test
    void everyRateIsAPositiveNumber() {
        try (Limits limits = new Limits();
                Team team = new Team(2)) {
            Limits.Rates rates = limits.measure(team);
            assertThat(rates.threads()).isEqualTo(2);
            assertThat(rates.read()).isPositive().isFinite();
            assertThat(rates.floats().orElseThrow()).isPositive().isFinite();
            assertThat(rates.bytes().isPresent())
                    .isEqualTo(ByteProducts.obstacle().isEmpty());
            rates.bytes().ifPresent(rate -> assertThat(rate).isPositive().isFinite());
            assertThat(rates.tiles().isPresent())
                    .isEqualTo(TileProducts.obstacle().isEmpty());
            rates.tiles().ifPresent(rate -> assertThat(rate).isPositive().isFinite());
            assertThat(limits.read(team)).isPositive().isFinite();
        }
    }

    @Test
    void memoryOfAnySizeIsReadFromItsStartUpToItsEnd() {
        try (Arena arena = Arena.ofShared();
                Team three = new Team(3)) {
            assertThat(Limits.read(three, arena.allocate(100_003))).isPositive().isFinite();
            MemorySegment tiny = arena.allocate(100);
            assertThatThrownBy(() -> Limits.read(three, tiny)).hasMessageContaining("100 bytes are too few");
        }
    }

    @Test
    void closingTwiceIsFine() {
        Limits limits = new Limits();
        limits.close();
        limits.close();
    }
}
