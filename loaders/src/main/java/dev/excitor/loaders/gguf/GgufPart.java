package dev.excitor.loaders.gguf;

import dev.excitor.runtime.ExcitorException.MalformedFile;
import dev.excitor.runtime.ExcitorException.OutOfMemory;
import dev.excitor.runtime.Tensor;
import dev.excitor.runtime.checkpoint.CheckpointReader.Memory;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/// One open file of a checkpoint: its validated header and the watch over the file behind it.
final class GgufPart implements AutoCloseable {

    private static final int COPIED_AT_ONCE = 8 << 20;

    /// A cache line, so that rows copied into memory start as well placed as mapped ones.
    private static final int COPY_ALIGNMENT = 64;

    private final GgufHeader header;
    private final RandomAccessFile file;
    private final FileWatch watch;

    private GgufPart(GgufHeader header, RandomAccessFile file, FileWatch watch) {
        this.header = header;
        this.file = file;
        this.watch = watch;
    }

    /// Opens a file and reads its header.
    ///
    /// @throws MalformedFile when it cannot be read or is not as it must be
    static GgufPart open(Path path) {
        checkRegular(path);
        RandomAccessFile file = null;
        GgufPart part = null;
        try {
            file = new RandomAccessFile(path.toFile(), "r");
            var watch = new FileWatch(path, file);
            part = new GgufPart(GgufHeader.read(path, file.getChannel()), file, watch);
            return part;
        } catch (IOException e) {
            throw unreadable(path, e);
        } finally {
            if (file != null && part == null) {
                close(file);
            }
        }
    }

    /// A pipe would block the open for ever, and a folder can be opened but not read.
    private static void checkRegular(Path path) {
        if (!Files.isRegularFile(path)) {
            throw new MalformedFile(
                    path,
                    -1,
                    "expected a file, found "
                            + (Files.isDirectory(path) ? "a folder" : Files.exists(path) ? "a device" : "none"));
        }
        if (!path.getFileSystem().equals(FileSystems.getDefault())) {
            throw new MalformedFile(path, -1, "expected a file of its own, found one inside another file");
        }
    }

    GgufHeader header() {
        return header;
    }

    /// The tensors with their data, mapped or copied.
    ///
    /// @param arena owns the memory
    List<Tensor> load(Memory memory, Arena arena) {
        List<GgufTensorInfo> infos = header.tensors();
        if (infos.isEmpty()) {
            return List.of();
        }
        long from = infos.stream().mapToLong(GgufTensorInfo::offset).min().orElseThrow();
        long to = infos.stream().mapToLong(GgufTensorInfo::end).max().orElseThrow();
        MemorySegment data;
        try {
            data = switch (memory) {
                case MAPPED -> file.getChannel().map(MapMode.READ_ONLY, from, to - from, arena);
                case COPIED -> copy(from, to, arena);
            };
        } catch (IOException e) {
            throw unreadable(header.path(), e);
        }
        return infos.stream()
                .map(info -> new Tensor(
                        info.name(), info.format(), info.shape(), data.asSlice(info.offset() - from, info.bytes())))
                .toList();
    }

    private MemorySegment copy(long from, long to, Arena arena) throws IOException {
        MemorySegment copy = allocate(to - from, arena);
        FileChannel channel = file.getChannel();
        for (long at = from; at < to; at += COPIED_AT_ONCE) {
            ByteBuffer target =
                    copy.asSlice(at - from, Math.min(COPIED_AT_ONCE, to - at)).asByteBuffer();
            while (target.hasRemaining()) {
                if (channel.read(target, at + target.position()) < 0) {
                    throw new MalformedFile(
                            header.path(),
                            at + target.position(),
                            "the file became shorter while it was read: expected data up to byte " + to);
                }
            }
        }
        return copy.asReadOnly();
    }

    private MemorySegment allocate(long bytes, Arena arena) {
        try {
            return arena.allocate(bytes, COPY_ALIGNMENT);
        } catch (OutOfMemoryError e) {
            throw new OutOfMemory(
                    "the weights of %s outside the file (mapping them takes none; -XX:MaxDirectMemorySize is the limit)"
                            .formatted(header.path()),
                    bytes,
                    e);
        }
    }

    /// @throws dev.excitor.runtime.ExcitorException.FileChanged when the file is not what it was when it was opened
    void checkUnchanged() {
        try {
            watch.check();
        } catch (IOException e) {
            throw unreadable(header.path(), e);
        }
    }

    @Override
    public void close() {
        close(file);
    }

    private static void close(RandomAccessFile file) {
        try {
            file.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static MalformedFile unreadable(Path path, IOException cause) {
        var malformed = new MalformedFile(path, -1, "expected a readable file, found " + cause);
        malformed.initCause(cause);
        return malformed;
    }
}
