package dev.excitor.runtime.foreign;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/// What Linux says of the processor and of this process: the second witness beside our own instructions.
public final class ProcFiles {

    /// A range of addresses.
    ///
    /// @param access `r-xp` and the like
    /// @param name   the file, or empty
    public record Mapping(long from, long to, String access, String name) {

        /// The fields of a line of `/proc/self/maps`.
        public static Mapping parse(String line) {
            String[] fields = line.split(" +", 6);
            String[] ends = fields[0].split("-", 2);
            return new Mapping(
                    Long.parseUnsignedLong(ends[0], 16),
                    Long.parseUnsignedLong(ends[1], 16),
                    fields[1],
                    fields.length < 6 ? "" : fields[5]);
        }

        public boolean contains(long address) {
            return address >= from && address < to;
        }

        long bytes() {
            return to - from;
        }
    }

    private ProcFiles() {}

    /// The features of the first processor, in Linux's spelling; empty where the system has no such list.
    public static Optional<Set<String>> cpuFlags() {
        return lines(Path.of("/proc/cpuinfo")).stream()
                .filter(line -> line.startsWith("flags"))
                .findFirst()
                .map(line -> Arrays.stream(
                                line.substring(line.indexOf(':') + 1).strip().split(" ", -1))
                        .collect(Collectors.toSet()));
    }

    /// The mappings of this process; empty where the system does not tell.
    public static List<Mapping> mappings() {
        return lines(Path.of("/proc/self/maps")).stream().map(Mapping::parse).toList();
    }

    private static List<String> lines(Path file) {
        try {
            return Files.isReadable(file) ? Files.readAllLines(file) : List.of();
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }
}
