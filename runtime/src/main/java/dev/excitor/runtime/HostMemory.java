package dev.excitor.runtime;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalLong;

/// How much memory this process could still be given.
///
/// Systems that promise more than they have (Linux does) kill a process when it uses what they promised: large pieces
/// are therefore compared with this before they are asked for.
public final class HostMemory {

    /// From here on it is worth asking whether there is so much.
    private static final long MUCH = 1 << 28;

    private static final String AVAILABLE = "MemAvailable:";

    private HostMemory() {}

    /// Bytes, as the system and the container tell; empty where neither says anything.
    public static OptionalLong available() {
        return available(Path.of("/proc/meminfo"), Path.of("/sys/fs/cgroup"));
    }

    /// The bytes that are left, where a piece is larger than that: empty where it fits, where it is too small to ask,
    /// and where neither the system nor the container says anything.
    public static OptionalLong ifLessThan(long bytes) {
        OptionalLong available = bytes > MUCH ? available() : OptionalLong.empty();
        return available.isPresent() && available.getAsLong() < bytes ? available : OptionalLong.empty();
    }

    /// @param meminfo what Linux says of memory
    /// @param cgroup  where the container's control group is mounted
    static OptionalLong available(Path meminfo, Path cgroup) {
        OptionalLong machine = lines(meminfo).stream()
                .filter(line -> line.startsWith(AVAILABLE))
                .map(line ->
                        line.substring(AVAILABLE.length()).replace("kB", "").strip())
                .filter(HostMemory::isNumber)
                .mapToLong(kilobytes -> 1024 * Long.parseLong(kilobytes))
                .findFirst();
        OptionalLong group = rest(cgroup.resolve("memory.max"), cgroup.resolve("memory.current"));
        if (group.isEmpty()) {
            group = rest(
                    cgroup.resolve("memory/memory.limit_in_bytes"), cgroup.resolve("memory/memory.usage_in_bytes"));
        }
        if (machine.isEmpty() || group.isEmpty()) {
            return machine.isPresent() ? machine : group;
        }
        return OptionalLong.of(Math.min(machine.getAsLong(), group.getAsLong()));
    }

    /// What a limit leaves; `max` is none.
    private static OptionalLong rest(Path limit, Path used) {
        List<String> most = lines(limit);
        List<String> now = lines(used);
        return !most.isEmpty() && !now.isEmpty() && isNumber(most.getFirst()) && isNumber(now.getFirst())
                ? OptionalLong.of(Math.max(0, Long.parseLong(most.getFirst()) - Long.parseLong(now.getFirst())))
                : OptionalLong.empty();
    }

    private static boolean isNumber(String text) {
        return text.matches("\\d{1,18}");
    }

    private static List<String> lines(Path file) {
        try {
            return Files.isReadable(file) ? Files.readAllLines(file) : List.of();
        } catch (IOException unreadable) {
            return List.of();
        }
    }
}
