package dev.excitor.runtime.foreign;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class AddressesTest {

    @Test
    void aRangeInsideHasAnAddress() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment memory = arena.allocate(100);
            assertThat(Addresses.readable(memory, 0, 100)).isEqualTo(memory.address());
            assertThat(Addresses.writable(memory, 99, 1)).isEqualTo(memory.address() + 99);
            assertThat(Addresses.readable(memory, 7, 0)).isEqualTo(memory.address() + 7);
        }
    }

    @ParameterizedTest
    @CsvSource({"-1, 1", "0, 101", "100, 1", "99, 2", "0, -1", "1, 9223372036854775807", "9223372036854775807, 1"})
    void aRangeThatLeavesItIsRefused(long at, long bytes) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment memory = arena.allocate(100);
            assertThatThrownBy(() -> Addresses.readable(memory, at, bytes))
                    .isInstanceOf(IndexOutOfBoundsException.class);
            assertThatThrownBy(() -> Addresses.writable(memory, at, bytes))
                    .isInstanceOf(IndexOutOfBoundsException.class);
        }
    }

    @Test
    void memoryThatIsNotToBeTouchedIsRefused() throws InterruptedException {
        assertThatThrownBy(() -> Addresses.readable(MemorySegment.ofArray(new byte[8]), 0, 8))
                .isInstanceOf(IllegalArgumentException.class);
        Arena arena = Arena.ofConfined();
        MemorySegment memory = arena.allocate(8);
        assertThatThrownBy(() -> Addresses.writable(memory.asReadOnly(), 0, 8))
                .isInstanceOf(IllegalArgumentException.class);
        AtomicReference<Throwable> elsewhere = new AtomicReference<>();
        Thread thread = Thread.ofPlatform().unstarted(() -> Addresses.readable(memory, 0, 8));
        thread.setUncaughtExceptionHandler((of, thrown) -> elsewhere.set(thrown));
        thread.start();
        thread.join();
        assertThat(elsewhere.get()).isInstanceOf(WrongThreadException.class);
        arena.close();
        assertThatThrownBy(() -> Addresses.readable(memory, 0, 8)).isInstanceOf(IllegalStateException.class);
    }
}
