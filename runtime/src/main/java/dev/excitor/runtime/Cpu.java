package dev.excitor.runtime;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/// Facts about the processors this process may use.
public final class Cpu {

    private Cpu() {}

    /// Threads that can run at once without throttling: the floor of the container's quota, not the ceiling that
    /// `availableProcessors` reports, because one thread too many stalls all others at every barrier.
    public static int usableThreads() {
        return usableThreads(Path.of("/sys/fs/cgroup"), Runtime.getRuntime().availableProcessors());
    }

    /// @param cgroup     where the container's control group is mounted
    /// @param processors what the JVM counts
    static int usableThreads(Path cgroup, int processors) {
        OptionalLong whole = quotaV2(cgroup.resolve("cpu.max"));
        if (whole.isEmpty()) {
            whole = quotaV1(cgroup.resolve("cpu/cpu.cfs_quota_us"), cgroup.resolve("cpu/cpu.cfs_period_us"));
        }
        return (int) Math.max(1, Math.min(processors, whole.orElse(processors)));
    }

    /// `200000 100000` or `max 100000`.
    private static OptionalLong quotaV2(Path file) {
        List<String> fields = List.of(read(file).split(" ", -1));
        return fields.size() == 2 ? ratio(fields.get(0), fields.get(1)) : OptionalLong.empty();
    }

    private static OptionalLong quotaV1(Path quota, Path period) {
        return ratio(read(quota), read(period));
    }

    private static OptionalLong ratio(String quota, String period) {
        if (!quota.matches("\\d{1,15}") || !period.matches("\\d{1,15}") || Long.parseLong(period) == 0) {
            return OptionalLong.empty();
        }
        return OptionalLong.of(Long.parseLong(quota) / Long.parseLong(period));
    }

    /// The processor's name for people, as far as the system tells it; its architecture otherwise.
    public static String name() {
        return name(read(Path.of("/proc/cpuinfo"))).orElse(System.getProperty("os.arch"));
    }

    /// @param cpuinfo what Linux says of every processor, in lines like `model name : AMD EPYC`
    static Optional<String> name(String cpuinfo) {
        return cpuinfo.lines()
                .filter(line -> line.startsWith("model name"))
                .map(line -> line.substring(line.indexOf(':') + 1).strip())
                .filter(name -> !name.isEmpty())
                .findFirst();
    }

    private static String read(Path file) {
        try {
            return Files.isReadable(file) ? Files.readString(file).strip() : "";
        } catch (IOException unreadable) {
            return "";
        }
    }
}
