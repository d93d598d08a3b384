package dev.excitor.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import dev.excitor.runtime.foreign.ProcFiles;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ScratchArenaTest {

    private static final Path STATM = Path.of("/proc/self/statm");
    private static final int PAGE = 4096;
    private static final int LARGE = 64 << 20;

    @ParameterizedTest
    @CsvSource({"0, 64", "1, 64", "262143, 64", "262144, 64", "1000003, 4096", "1000003, 8192"})
    void memoryIsZeroedAlignedAndWritableToItsEnd(long bytes, long alignment) {
        try (ScratchArena arena = new ScratchArena()) {
            MemorySegment memory = arena.allocate(bytes, alignment);
            assertThat(memory.byteSize()).isEqualTo(bytes);
            assertThat(memory.address() % alignment).isZero();
            assertThat(memory.mismatch(MemorySegment.ofArray(new byte[(int) bytes])))
                    .isEqualTo(-1);
            memory.fill((byte) 7);
            assertThatThrownBy(() -> memory.get(ValueLayout.JAVA_BYTE, bytes))
                    .isInstanceOf(IndexOutOfBoundsException.class);
        }
    }

    @Test
    void onlyWhatIsWrittenTakesRoom() throws IOException {
        assumeThat(STATM).as("a Linux that says what a process holds").isReadable();
        try (ScratchArena arena = new ScratchArena()) {
            arena.allocate(LARGE, 64).set(ValueLayout.JAVA_BYTE, 0, (byte) 1); // whatever is loaded for the first time
            long before = resident();
            MemorySegment memory = arena.allocate(LARGE, 64);
            assertThat(resident() - before).isLessThan(LARGE / 4);
            memory.fill((byte) 1);
            assertThat(resident() - before).isGreaterThan(LARGE / 4 * 3);
        }
    }

    @Test
    void closingEndsItAndTwiceIsAnError() {
        ScratchArena arena = new ScratchArena();
        MemorySegment memory = arena.allocate(LARGE, 64);
        boolean mapped = ProcFiles.mappings().stream().anyMatch(mapping -> mapping.contains(memory.address()));
        assertThat(arena.scope()).isEqualTo(memory.scope());
        arena.close();
        assertThatThrownBy(() -> memory.get(ValueLayout.JAVA_BYTE, 0)).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(arena::close).isInstanceOf(IllegalStateException.class);
        assumeThat(mapped).as("a Linux that lists mappings").isTrue();
        assertThat(ProcFiles.mappings()).noneMatch(mapping -> mapping.contains(memory.address()));
    }

    private static long resident() throws IOException {
        return Long.parseLong(Files.readString(STATM).split(" ", -1)[1]) * PAGE;
    }
}
