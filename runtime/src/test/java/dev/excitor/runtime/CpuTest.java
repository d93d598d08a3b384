package dev.excitor.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Threads by the files of a container's control group, which others write.
class CpuTest {

    private static final int PROCESSORS = 8;

    @TempDir
    Path cgroup;

    private int threads() {
        return Cpu.usableThreads(cgroup, PROCESSORS);
    }

    private void write(String file, String content) throws IOException {
        Path path = cgroup.resolve(file);
        Files.createDirectories(path.getParent());
        Files.writeString(path, content);
    }

    @ParameterizedTest
    @CsvSource({
        "200000 100000, 2",
        "250000 100000, 2",
        "299999 100000, 2",
        "100000 100000, 1",
        "50000 100000, 1",
        "0 100000, 1",
        "800000 100000, 8",
        "6400000 100000, 8",
        "999999999999999 1, 8",
        "max 100000, 8",
    })
    void theFloorOfTheQuotaInVersion2(String content, int expected) throws IOException {
        write("cpu.max", content + "\n");
        assertThat(threads()).isEqualTo(expected);
    }

    @ParameterizedTest
    @CsvSource({"200000, 100000, 2", "350000, 100000, 3", "10000, 100000, 1", "-1, 100000, 8", "900000, 100000, 8"})
    void theFloorOfTheQuotaInVersion1(String quota, String period, int expected) throws IOException {
        write("cpu/cpu.cfs_quota_us", quota + "\n");
        write("cpu/cpu.cfs_period_us", period + "\n");
        assertThat(threads()).isEqualTo(expected);
    }

    @Test
    void version2CountsWhereBothAreThere() throws IOException {
        write("cpu.max", "300000 100000\n");
        write("cpu/cpu.cfs_quota_us", "200000\n");
        write("cpu/cpu.cfs_period_us", "100000\n");
        assertThat(threads()).isEqualTo(3);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "\n",
                "max",
                "100000",
                "100000 0",
                "100000 100000 100000",
                "-5 100000",
                "1e5 1e5",
                "two three",
                "99999999999999999999999 1",
                "\u0000\u0001",
            })
    void whatCannotBeReadIsNoLimit(String content) throws IOException {
        write("cpu.max", content);
        write("cpu/cpu.cfs_quota_us", "200000");
        assertThat(threads()).as("a quota without a period").isEqualTo(PROCESSORS);
        write("cpu/cpu.cfs_period_us", content.equals("100000") ? "0" : content);
        assertThat(threads()).isEqualTo(PROCESSORS);
    }

    @Test
    void bytesThatAreNoTextAndFoldersAreNoLimit() throws IOException {
        Files.write(cgroup.resolve("cpu.max"), new byte[] {(byte) 0xff, (byte) 0xfe, 0, '1'});
        assertThat(threads()).isEqualTo(PROCESSORS);
        Files.delete(cgroup.resolve("cpu.max"));
        Files.createDirectory(cgroup.resolve("cpu.max"));
        assertThat(threads()).isEqualTo(PROCESSORS);
    }

    @Test
    void withoutAControlGroupAllProcessorsCount() {
        assertThat(threads()).isEqualTo(PROCESSORS);
        assertThat(Cpu.usableThreads(cgroup.resolve("absent"), 1)).isEqualTo(1);
        assertThat(Cpu.usableThreads()).isBetween(1, Runtime.getRuntime().availableProcessors());
    }
}
