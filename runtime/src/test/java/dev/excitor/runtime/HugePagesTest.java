package dev.excitor.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import dev.excitor.runtime.foreign.ProcFiles;
import dev.excitor.runtime.foreign.ProcFiles.Mapping;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class HugePagesTest {

    private static final Path MAPS = Path.of("/proc/self/maps");
    private static final long LARGE = (64 << 20) + 100;

    @ParameterizedTest
    @ValueSource(longs = {0, 1, 4096, LARGE})
    void memoryIsZeroedAlignedAndWritableToItsEnd(long bytes) {
        try (Arena arena = Arena.ofShared()) {
            MemorySegment memory = HugePages.allocate(arena, bytes, 64);
            assertThat(memory.byteSize()).isEqualTo(bytes);
            assertThat(memory.address() % 64).isZero();
            for (long at = 0; at < bytes; at += 4093) {
                assertThat(memory.get(ValueLayout.JAVA_BYTE, at)).isZero();
            }
            memory.fill((byte) 7);
            assertThat(bytes == 0 || memory.get(ValueLayout.JAVA_BYTE, bytes - 1) == 7)
                    .isTrue();
            assertThatThrownBy(() -> memory.get(ValueLayout.JAVA_BYTE, bytes))
                    .isInstanceOf(IndexOutOfBoundsException.class);
        }
    }

    @Test
    void theArenaEndsIt() {
        assumeThat(MAPS).as("the list of mappings").isReadable();
        MemorySegment memory;
        Optional<Mapping> open;
        try (Arena arena = Arena.ofShared()) {
            memory = HugePages.allocate(arena, LARGE, 64);
            open = mapping(memory.address());
        }
        assertThatThrownBy(() -> memory.get(ValueLayout.JAVA_BYTE, 0)).isInstanceOf(IllegalStateException.class);
        assertThat(open).as("mapped while the arena was open").isPresent();
        assertThat(mapping(memory.address())).as("mapped afterwards").isNotEqualTo(open);
    }

    /// Where the system gives huge pages to who asks, or to everybody, this memory has them.
    @Test
    void pagesAreHugeWhereTheSystemHasThem() throws IOException {
        Path setting = Path.of("/sys/kernel/mm/transparent_hugepage/enabled");
        assumeThat(setting).as("a Linux with huge pages").isReadable();
        assumeThat(Files.readString(setting)).as("huge pages on this machine").doesNotContain("[never]");
        try (Arena arena = Arena.ofShared()) {
            MemorySegment memory = HugePages.allocate(arena, LARGE, 64);
            memory.fill((byte) 1);
            assertThat(memory.address() % (2 << 20)).isZero();
            assertThat(flags(memory.address()))
                    .as("what the kernel was asked for")
                    .contains("hg");
        }
    }

    /// The kernel's mapping with an address in it.
    private static Optional<Mapping> mapping(long address) {
        return ProcFiles.mappings().stream()
                .filter(mapping -> mapping.contains(address))
                .findFirst();
    }

    /// The kernel's flags of the mapping with an address in it.
    private static String flags(long address) throws IOException {
        List<String> lines = Files.readAllLines(Path.of("/proc/self/smaps"));
        boolean inside = false;
        for (String line : lines) {
            if (line.matches("[0-9a-f]+-[0-9a-f]+ .*")) {
                inside = Mapping.parse(line).contains(address);
            } else if (inside && line.startsWith("VmFlags:")) {
                return line;
            }
        }
        return "";
    }
}
