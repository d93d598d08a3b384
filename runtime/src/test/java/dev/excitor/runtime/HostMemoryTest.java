package dev.excitor.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What is left is the smaller of what the machine and the container have left.
class HostMemoryTest {

    @TempDir
    Path folder;

    @Test
    void aMachineWithoutContainerHasWhatItSays() throws IOException {
        assertThat(HostMemory.available(meminfo("MemAvailable:   2000 kB"), folder))
                .hasValue(2_048_000);
    }

    @Test
    void aContainerMayLeaveLess() throws IOException {
        Path meminfo = meminfo("MemAvailable:   2000 kB");
        write("memory.max", "1000000");
        write("memory.current", "400000");
        assertThat(HostMemory.available(meminfo, folder)).hasValue(600_000);
        write("memory.current", "1400000");
        assertThat(HostMemory.available(meminfo, folder)).hasValue(0);
        write("memory.max", "max");
        assertThat(HostMemory.available(meminfo, folder)).hasValue(2_048_000);
    }

    @Test
    void anOldContainerSaysItElsewhere() throws IOException {
        write("memory/memory.limit_in_bytes", "1000000");
        write("memory/memory.usage_in_bytes", "300000");
        assertThat(HostMemory.available(folder.resolve("absent"), folder)).hasValue(700_000);
    }

    @Test
    void nonsenseIsNoLimit() throws IOException {
        write("memory.max", "99999999999999999999");
        write("memory.current", "-1");
        assertThat(HostMemory.available(meminfo("MemAvailable:   many kB"), folder))
                .isEmpty();
        assertThat(HostMemory.available(folder.resolve("absent"), folder.resolve("absent")))
                .isEmpty();
    }

    @Test
    void thisMachineSaysSomethingWhereItIsLinux() {
        if (Files.isReadable(Path.of("/proc/meminfo"))) {
            assertThat(HostMemory.available().orElseThrow()).isPositive();
        }
    }

    private Path meminfo(String available) throws IOException {
        return write("meminfo", "MemTotal:       4000 kB\nMemFree:         100 kB\n" + available + "\n");
    }

    private Path write(String name, String text) throws IOException {
        Path file = folder.resolve(name);
        Files.createDirectories(file.getParent());
        return Files.writeString(file, text + "\n");
    }

    @Test
    void onlyLargePiecesThatDoNotFitAreTold() {
        assertThat(HostMemory.ifLessThan(1 << 28)).isEmpty();
        assertThat(HostMemory.ifLessThan(Long.MAX_VALUE).isPresent())
                .isEqualTo(HostMemory.available().isPresent());
    }
}
