package dev.excitor.loaders.pytorch;

import dev.excitor.loaders.file.FileText;
import dev.excitor.loaders.file.OpenFile;
import dev.excitor.loaders.pytorch.PickleValue.Storage;
import dev.excitor.runtime.ExcitorException.MalformedFile;
import dev.excitor.runtime.checkpoint.CheckpointReader.Memory;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.zip.CRC32;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;
import org.jspecify.annotations.Nullable;

/// The contents of a checkpoint's archive: the pickle and the bytes of storages, in place where they are stored as they
/// are.
final class Entries {

    private static final String PICKLE = "data.pkl";

    /// Weights hardly compress: what grows by more is no checkpoint. PyTorch itself compresses nothing.
    private static final int MAX_GROWTH = 32;

    private static final long FREE_GROWTH = 16 << 20;
    private static final int INFLATED_AT_ONCE = 1 << 16;

    private final OpenFile file;
    private final long fileSize;
    private final SequencedMap<String, ZipEntry> entries;
    private final String folder;
    private final Memory memory;
    private final Arena arena;
    private final Map<String, MemorySegment> storages = new HashMap<>();
    private @Nullable MemorySegment mapping;
    private long inflated;

    private Entries(OpenFile file, SequencedMap<String, ZipEntry> entries, String folder, Memory memory, Arena arena)
            throws IOException {
        this.file = file;
        this.fileSize = file.channel().size();
        this.entries = entries;
        this.folder = folder;
        this.memory = memory;
        this.arena = arena;
    }

    /// @param arena owns the memory of the storages
    static Entries open(OpenFile file, Memory memory, Arena arena) throws IOException {
        SequencedMap<String, ZipEntry> entries = ZipArchive.read(file.path(), file.channel());
        List<String> pickles = entries.keySet().stream()
                .filter(name -> name.equals(PICKLE) || name.endsWith("/" + PICKLE))
                .toList();
        if (pickles.size() != 1) {
            throw new MalformedFile(
                    file.path(),
                    -1,
                    "expected a PyTorch checkpoint, a zip archive with one entry %s, found %d of them among %d entries"
                            .formatted(PICKLE, pickles.size(), entries.size()));
        }
        String pickle = pickles.getFirst();
        String folder = pickle.substring(0, pickle.length() - PICKLE.length());
        return new Entries(file, entries, folder, memory, arena);
    }

    String pickleName() {
        return folder + PICKLE;
    }

    boolean has(String name) {
        return entries.containsKey(folder + name);
    }

    /// Whether memory is a mapping of the file, which must stay open then.
    boolean isMapped() {
        return mapping != null;
    }

    /// The bytes of a small entry.
    byte[] read(String name, int maxBytes) throws IOException {
        ZipEntry entry = require(folder + name);
        if (entry.size() > maxBytes) {
            throw malformed(entry, "expected at most %d bytes, found %d".formatted(maxBytes, entry.size()));
        }
        byte[] bytes = new byte[(int) entry.size()];
        if (entry.deflated()) {
            inflate(entry, MemorySegment.ofArray(bytes));
        } else {
            read(ByteBuffer.wrap(bytes), entry.dataAt(), entry);
        }
        return bytes;
    }

    /// The bytes of a whole storage.
    MemorySegment storage(Storage storage) throws IOException {
        ZipEntry entry = require(folder + "data/" + storage.key());
        long expected = storage.count() * storage.dtype().bytes();
        if (entry.size() != expected) {
            throw malformed(
                    entry,
                    "expected the %d bytes of %d elements of %s, found %d"
                            .formatted(expected, storage.count(), storage.dtype(), entry.size()));
        }
        MemorySegment known = storages.get(entry.name());
        if (known == null) {
            known = load(entry);
            storages.put(entry.name(), known);
        }
        return known;
    }

    private MemorySegment load(ZipEntry entry) throws IOException {
        if (entry.size() == 0) {
            return MemorySegment.NULL;
        }
        if (entry.deflated()) {
            MemorySegment target = file.allocate(checkGrowth(entry), arena);
            inflate(entry, target);
            return target.asReadOnly();
        }
        return switch (memory) {
            case COPIED -> file.load(entry.dataAt(), entry.end(), memory, arena);
            case MAPPED -> mapping().asSlice(entry.dataAt(), entry.size());
        };
    }

    private MemorySegment mapping() {
        MemorySegment whole = mapping;
        if (whole == null) {
            whole = file.load(0, fileSize, memory, arena);
            mapping = whole;
        }
        return whole;
    }

    private long checkGrowth(ZipEntry entry) {
        long room = FREE_GROWTH + MAX_GROWTH * fileSize - inflated;
        if (entry.size() > room) {
            throw malformed(
                    entry,
                    "expected at most %d bytes, %d times the file, found %d: nothing that a model needs compresses so well"
                            .formatted(room, MAX_GROWTH, entry.size()));
        }
        inflated += entry.size();
        return entry.size();
    }

    private void inflate(ZipEntry entry, MemorySegment target) throws IOException {
        var inflater = new Inflater(true);
        try {
            ByteBuffer input = ByteBuffer.allocate(INFLATED_AT_ONCE);
            byte[] output = new byte[INFLATED_AT_ONCE];
            var checksum = new CRC32();
            long from = entry.dataAt();
            long to = 0;
            while (!inflater.finished()) {
                if (inflater.needsInput()) {
                    input.clear().limit((int) Math.min(INFLATED_AT_ONCE, entry.end() - from));
                    if (!input.hasRemaining()) {
                        throw malformed(entry, "expected compressed data to its end, found that it goes on");
                    }
                    read(input, from, entry);
                    from += input.position();
                    inflater.setInput(input.array(), 0, input.position());
                }
                int count = inflater.inflate(output);
                if (count > target.byteSize() - to || inflater.needsDictionary()) {
                    throw malformed(entry, "expected %d bytes, found more".formatted(target.byteSize()));
                }
                MemorySegment.copy(MemorySegment.ofArray(output), 0, target, to, count);
                checksum.update(output, 0, count);
                to += count;
            }
            if (to != target.byteSize() || (int) checksum.getValue() != entry.checksum()) {
                throw malformed(
                        entry,
                        "expected %d bytes with the checksum %08x, found %d with %08x"
                                .formatted(target.byteSize(), entry.checksum(), to, checksum.getValue()));
            }
        } catch (DataFormatException e) {
            throw malformed(entry, "expected deflated data, found other bytes: " + e.getMessage());
        } finally {
            inflater.end();
        }
    }

    private void read(ByteBuffer target, long from, ZipEntry entry) throws IOException {
        int start = target.position();
        while (target.hasRemaining()) {
            if (file.channel().read(target, from + target.position() - start) < 0) {
                throw malformed(entry, "the file became shorter while it was read");
            }
        }
    }

    private ZipEntry require(String name) {
        ZipEntry entry = entries.get(name);
        if (entry == null) {
            throw new MalformedFile(
                    file.path(), -1, "expected an entry %s, found none".formatted(FileText.quote(name)));
        }
        return entry;
    }

    private MalformedFile malformed(ZipEntry entry, String what) {
        return new MalformedFile(
                file.path(), entry.headerAt(), "entry %s: %s".formatted(FileText.quote(entry.name()), what));
    }
}
