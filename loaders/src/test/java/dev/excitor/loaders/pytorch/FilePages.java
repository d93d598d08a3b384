package dev.excitor.loaders.pytorch;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Assumptions;

/// Whether memory is a mapped file's, as Linux lists it.
final class FilePages {

    private static final Path MAPS = Path.of("/proc/self/maps");

    private FilePages() {}

    static boolean hold(MemorySegment memory) {
        Assumptions.assumeTrue(Files.isReadable(MAPS), "skipped: this system has no list of mappings");
        for (String line : lines()) {
            String[] fields = line.split(" +", 6);
            String[] ends = fields[0].split("-", 2);
            if (memory.address() >= Long.parseUnsignedLong(ends[0], 16)
                    && memory.address() < Long.parseUnsignedLong(ends[1], 16)) {
                return fields.length == 6 && fields[5].startsWith("/");
            }
        }
        return false;
    }

    private static List<String> lines() {
        try {
            return Files.readAllLines(MAPS);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
