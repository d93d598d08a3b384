package dev.excitor.loaders.pytorch;

import dev.excitor.loaders.file.FileText;
import dev.excitor.runtime.ExcitorException.MalformedFile;
import dev.excitor.runtime.ExcitorException.Unsupported;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;
import java.util.SequencedMap;

/// The list of a zip archive's files, read from its central directory and checked against every local header.
///
/// ```text
///  local header "PK\3\4", name, extra, bytes          … per entry
///  central header "PK\1\2", name, extra, comment      … per entry: the directory
///  "PK\6\6" and "PK\6\7" where 32 bits do not suffice (zip64)
///  "PK\5\6" the end, with a comment of up to 65,535 bytes
/// ```
///
/// Entries may neither overlap nor be named like a path that leads elsewhere, and no two have one name.
final class ZipArchive {

    /// What a zip archive with a first entry begins with.
    static final int LOCAL_MAGIC = 0x0403_4b50;

    private static final int CENTRAL_MAGIC = 0x0201_4b50;
    private static final int END_MAGIC = 0x0605_4b50;
    private static final int END_64_MAGIC = 0x0606_4b50;
    private static final int LOCATOR_64_MAGIC = 0x0706_4b50;

    private static final int LOCAL_HEADER = 30;
    private static final int CENTRAL_HEADER = 46;
    private static final int END = 22;
    private static final int END_64 = 56;
    private static final int LOCATOR_64 = 20;
    private static final int MAX_COMMENT = 0xffff;

    /// Forty times the tensors of the largest model in use.
    private static final int MAX_ENTRIES = 1 << 17;

    private static final int MAX_DIRECTORY = 64 << 20;

    private static final int STORED = 0;
    private static final int DEFLATED = 8;
    private static final int ENCRYPTED = 1;
    private static final int ZIP_64 = 1;
    private static final long IN_ZIP_64 = 0xffff_ffffL;

    private final Path path;
    private final SeekableByteChannel channel;
    private final long size;

    private ZipArchive(Path path, SeekableByteChannel channel) throws IOException {
        this.path = path;
        this.channel = channel;
        this.size = channel.size();
    }

    /// Where the directory is and what it says of itself.
    private record Directory(long at, long bytes, long entries) {}

    /// @throws MalformedFile when anything is not as it must be
    /// @throws Unsupported   for an entry that is encrypted or compressed in an unknown way
    static SequencedMap<String, ZipEntry> read(Path path, SeekableByteChannel channel) throws IOException {
        var archive = new ZipArchive(path, channel);
        return archive.entries(archive.directory());
    }

    private Directory directory() throws IOException {
        int tail = (int) Math.min(size, END + MAX_COMMENT);
        ByteBuffer bytes = read(size - tail, tail, "the end of the archive");
        for (int at = tail - END; at >= 0; at--) {
            if (bytes.getInt(at) == END_MAGIC && u16(bytes, at + 20) == tail - at - END) {
                return directory(bytes.slice(at, END).order(ByteOrder.LITTLE_ENDIAN), size - tail + at);
            }
        }
        throw malformed(
                -1,
                "expected the end of a zip archive (bytes 50 4b 05 06) in the last %d bytes, found none; it is truncated, so "
                                .formatted(tail)
                        + "fetch it again, or it is no PyTorch checkpoint");
    }

    private Directory directory(ByteBuffer end, long endAt) throws IOException {
        requireOneDisk(u16(end, 4) == 0 && u16(end, 6) == 0 && u16(end, 8) == u16(end, 10), endAt);
        Optional<Directory> large = directory64(endAt);
        Directory directory = large.isPresent() ? large.get() : new Directory(u32(end, 16), u32(end, 12), u16(end, 10));
        long last = large.isPresent() ? endAt - LOCATOR_64 - END_64 : endAt;
        if (directory.at < 0
                || directory.bytes < 0
                || directory.at > last
                || directory.bytes > last - directory.at
                || directory.bytes > MAX_DIRECTORY) {
            throw malformed(
                    endAt,
                    "expected a directory of at most %d bytes before byte %d, found one of %s bytes at byte %s"
                            .formatted(
                                    MAX_DIRECTORY,
                                    last,
                                    Long.toUnsignedString(directory.bytes),
                                    Long.toUnsignedString(directory.at)));
        }
        long room = directory.bytes / CENTRAL_HEADER;
        if (directory.entries < 0 || directory.entries > room || directory.entries > MAX_ENTRIES) {
            throw malformed(
                    endAt,
                    "the number of entries: expected at most %d, found %s"
                            .formatted(Math.min(room, MAX_ENTRIES), Long.toUnsignedString(directory.entries)));
        }
        return directory;
    }

    /// What zip64 says, where it is there.
    private Optional<Directory> directory64(long endAt) throws IOException {
        if (endAt < LOCATOR_64 + END_64) {
            return Optional.empty();
        }
        long locatorAt = endAt - LOCATOR_64;
        ByteBuffer locator = read(locatorAt, LOCATOR_64, "the zip64 locator");
        if (locator.getInt(0) != LOCATOR_64_MAGIC) {
            return Optional.empty();
        }
        long at = locator.getLong(8);
        if (at != locatorAt - END_64) {
            throw malformed(
                    locatorAt,
                    "expected the zip64 end of %d bytes before byte %d, found it said to be at byte %s"
                            .formatted(END_64, locatorAt, Long.toUnsignedString(at)));
        }
        ByteBuffer end = read(at, END_64, "the zip64 end");
        if (end.getInt(0) != END_64_MAGIC) {
            throw malformed(at, "expected the zip64 end (bytes 50 4b 06 06), found other bytes");
        }
        requireOneDisk(end.getInt(16) == 0 && end.getInt(20) == 0 && end.getLong(24) == end.getLong(32), at);
        return Optional.of(new Directory(end.getLong(48), end.getLong(40), end.getLong(32)));
    }

    private void requireOneDisk(boolean holds, long at) {
        if (!holds) {
            throw malformed(at, "expected an archive in one file, found a part of one over several");
        }
    }

    private SequencedMap<String, ZipEntry> entries(Directory directory) throws IOException {
        ByteBuffer bytes = read(directory.at, (int) directory.bytes, "the directory");
        var entries = new LinkedHashMap<String, ZipEntry>();
        int at = 0;
        for (long i = 0; i < directory.entries; i++) {
            long place = directory.at + at;
            String what = "entry " + i;
            if (bytes.limit() - at < CENTRAL_HEADER || bytes.getInt(at) != CENTRAL_MAGIC) {
                throw malformed(place, what + ": expected a header of the directory, found other bytes");
            }
            int nameLength = u16(bytes, at + 28);
            int extraLength = u16(bytes, at + 30);
            int length = CENTRAL_HEADER + nameLength + extraLength + u16(bytes, at + 32);
            if (length > bytes.limit() - at) {
                throw malformed(
                        place,
                        "%s: expected at most the %d bytes left in the directory, found a header of %d"
                                .formatted(what, bytes.limit() - at, length));
            }
            byte[] name = new byte[nameLength];
            bytes.get(at + CENTRAL_HEADER, name);
            ByteBuffer header = bytes.slice(at, CENTRAL_HEADER).order(ByteOrder.LITTLE_ENDIAN);
            ByteBuffer extra =
                    bytes.slice(at + CENTRAL_HEADER + nameLength, extraLength).order(ByteOrder.LITTLE_ENDIAN);
            ZipEntry entry = entry(name(name, place), name, header, extra, place, directory.at);
            if (entries.putIfAbsent(entry.name(), entry) != null) {
                throw malformed(place, "entry %s: expected once, found again".formatted(FileText.quote(entry.name())));
            }
            at += length;
        }
        checkOverlap(entries);
        return entries;
    }

    private String name(byte[] bytes, long at) {
        String name = FileText.strictUtf8(bytes, 0, bytes.length)
                .orElseThrow(() -> malformed(at, "the name of an entry: expected UTF-8, found other bytes"));
        boolean leadsElsewhere = name.startsWith("/")
                || name.chars().anyMatch(c -> c == '\\' || c == ':' || c == 0)
                || List.of(name.split("/", -1)).contains("..");
        if (name.isEmpty() || leadsElsewhere) {
            throw malformed(
                    at, "the name of an entry: expected a path inside the archive, found " + FileText.quote(name));
        }
        return name;
    }

    private ZipEntry entry(String name, byte[] rawName, ByteBuffer header, ByteBuffer extra, long at, long directoryAt)
            throws IOException {
        String what = "entry " + FileText.quote(name);
        int method = u16(header, 10);
        if ((u16(header, 8) & ENCRYPTED) != 0) {
            throw new Unsupported("%s, byte %d: %s, which is encrypted,".formatted(path, at, what), methods());
        }
        if (method != STORED && method != DEFLATED) {
            throw new Unsupported(
                    "%s, byte %d: %s: the compression method %d".formatted(path, at, what, method), methods());
        }
        var large = new Zip64Extra(extra);
        long contentSize = large.orElse(u32(header, 24));
        long stored = large.orElse(u32(header, 20));
        long headerAt = large.orElse(u32(header, 42));
        if (large.isShort()) {
            throw malformed(at, what + ": expected its sizes in a zip64 field, found too few");
        }
        if (headerAt < 0 || headerAt > directoryAt - LOCAL_HEADER) {
            throw malformed(
                    at,
                    "%s: expected a header before the directory at byte %d, found it said to be at byte %s"
                            .formatted(what, directoryAt, Long.toUnsignedString(headerAt)));
        }
        long dataAt = dataAt(what, rawName, headerAt, method);
        long room = directoryAt - dataAt;
        if (stored < 0 || stored > room || contentSize < 0) {
            throw malformed(
                    at,
                    "%s: expected at most the %d bytes before the directory, found a size of %s"
                            .formatted(what, Math.max(0, room), Long.toUnsignedString(stored)));
        }
        if (method == STORED && stored != contentSize) {
            throw malformed(
                    at,
                    "%s: expected one size, as it is not compressed, found %d and %d"
                            .formatted(what, stored, contentSize));
        }
        return new ZipEntry(name, method == DEFLATED, header.getInt(16), headerAt, dataAt, stored, contentSize);
    }

    /// Where an entry's bytes begin, behind its local header, which must be the same entry's.
    private long dataAt(String what, byte[] name, long headerAt, int method) throws IOException {
        ByteBuffer local = read(headerAt, LOCAL_HEADER + name.length, what + ", its header");
        byte[] found = new byte[name.length];
        local.get(LOCAL_HEADER, found);
        boolean same = local.getInt(0) == LOCAL_MAGIC
                && u16(local, 26) == name.length
                && Arrays.equals(found, name)
                && u16(local, 8) == method;
        if (!same) {
            throw malformed(headerAt, what + ": expected its header as the directory describes it, found another");
        }
        return headerAt + LOCAL_HEADER + name.length + u16(local, 28);
    }

    private void checkOverlap(SequencedMap<String, ZipEntry> entries) {
        List<ZipEntry> byPlace = new ArrayList<>(entries.values());
        byPlace.sort(Comparator.comparingLong(ZipEntry::headerAt));
        for (int i = 1; i < byPlace.size(); i++) {
            ZipEntry before = byPlace.get(i - 1);
            ZipEntry entry = byPlace.get(i);
            if (entry.headerAt() < before.end()) {
                throw malformed(
                        entry.headerAt(),
                        "entry %s: expected after byte %d, where %s ends, found that they overlap"
                                .formatted(FileText.quote(entry.name()), before.end(), FileText.quote(before.name())));
            }
        }
    }

    private ByteBuffer read(long from, int count, String what) throws IOException {
        if (from < 0 || count > size - from) {
            throw malformed(from, "%s: expected %d bytes, found %d".formatted(what, count, Math.max(0, size - from)));
        }
        ByteBuffer bytes = ByteBuffer.allocate(count).order(ByteOrder.LITTLE_ENDIAN);
        channel.position(from);
        while (bytes.hasRemaining()) {
            if (channel.read(bytes) < 0) {
                throw malformed(from, what + ": the file became shorter while it was read");
            }
        }
        return bytes;
    }

    private static List<String> methods() {
        return List.of("stored", "deflated");
    }

    private static int u16(ByteBuffer bytes, int at) {
        return bytes.getShort(at) & 0xffff;
    }

    private static long u32(ByteBuffer bytes, int at) {
        return Integer.toUnsignedLong(bytes.getInt(at));
    }

    private MalformedFile malformed(long offset, String what) {
        return new MalformedFile(path, offset, what);
    }

    /// The 64-bit numbers of an entry for which its header has no room, in the order in which they are missing there.
    private static final class Zip64Extra {
        private final ByteBuffer numbers;
        private boolean exhausted;

        Zip64Extra(ByteBuffer extra) {
            ByteBuffer found = ByteBuffer.allocate(0);
            int at = 0;
            while (extra.limit() - at >= 4) {
                int length = u16(extra, at + 2);
                if (length > extra.limit() - at - 4) {
                    break;
                }
                if (u16(extra, at) == ZIP_64) {
                    found = extra.slice(at + 4, length);
                }
                at += 4 + length;
            }
            numbers = found.order(ByteOrder.LITTLE_ENDIAN);
        }

        long orElse(long small) {
            if (small != IN_ZIP_64) {
                return small;
            }
            if (numbers.remaining() < Long.BYTES) {
                exhausted = true;
                return 0;
            }
            return numbers.getLong();
        }

        boolean isShort() {
            return exhausted;
        }
    }
}
