package dev.excitor.loaders.file;

import dev.excitor.runtime.ExcitorException.MalformedFile;
import dev.excitor.runtime.ExcitorException.OutOfMemory;
import dev.excitor.runtime.HugePages;
import dev.excitor.runtime.MappedPages;
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

/// A regular file held open for reading, with the watch that tells whether it is still what it was. Runs of its bytes
/// are mapped in place or copied into native memory.
public final class OpenFile implements AutoCloseable {

    private static final int COPIED_AT_ONCE = 8 << 20;

    /// A cache line, so that rows copied into memory start as well placed as mapped ones.
    private static final int COPY_ALIGNMENT = 64;

    private final Path path;
    private final RandomAccessFile file;
    private final FileWatch watch;

    private OpenFile(Path path, RandomAccessFile file, FileWatch watch) {
        this.path = path;
        this.file = file;
        this.watch = watch;
    }

    /// @throws MalformedFile when there is no such file, or it is no regular one, or cannot be read
    public static OpenFile open(Path path) {
        checkRegular(path);
        RandomAccessFile file = null;
        OpenFile opened = null;
        try {
            file = new RandomAccessFile(path.toFile(), "r");
            opened = new OpenFile(path, file, new FileWatch(path, file));
            return opened;
        } catch (IOException e) {
            throw unreadable(path, e);
        } finally {
            if (file != null && opened == null) {
                close(file);
            }
        }
    }

    /// A pipe would block the open for ever, and a folder can be opened but not read.
    static void checkRegular(Path path) {
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

    public Path path() {
        return path;
    }

    /// For reading at given places; its own position is nobody's. Closed with this file.
    public FileChannel channel() {
        return file.getChannel();
    }

    /// The bytes from `from` to `to`, exclusive, read-only.
    ///
    /// @param arena owns the memory
    /// @throws MalformedFile when they cannot be read
    /// @throws OutOfMemory   when there is no room for a copy
    public MemorySegment load(long from, long to, Memory memory, Arena arena) {
        try {
            return switch (memory) {
                case MAPPED -> MappedPages.plain(channel().map(MapMode.READ_ONLY, from, to - from, arena), arena);
                case COPIED -> copy(from, to, arena);
            };
        } catch (IOException e) {
            throw unreadable(path, e);
        }
    }

    private MemorySegment copy(long from, long to, Arena arena) throws IOException {
        MemorySegment copy = allocate(to - from, arena);
        for (long at = from; at < to; at += COPIED_AT_ONCE) {
            ByteBuffer target =
                    copy.asSlice(at - from, Math.min(COPIED_AT_ONCE, to - at)).asByteBuffer();
            while (target.hasRemaining()) {
                if (channel().read(target, at + target.position()) < 0) {
                    throw new MalformedFile(
                            path,
                            at + target.position(),
                            "the file became shorter while it was read: expected data up to byte " + to);
                }
            }
        }
        return copy.asReadOnly();
    }

    /// Native memory for something of this file, at the start of a cache line, in huge pages where it is much.
    ///
    /// @throws OutOfMemory when it cannot be had
    public MemorySegment allocate(long bytes, Arena arena) {
        try {
            return HugePages.allocate(arena, bytes, COPY_ALIGNMENT);
        } catch (OutOfMemoryError e) {
            throw new OutOfMemory(
                    "the weights of %s outside the file (mapping them takes none; -XX:MaxDirectMemorySize is the limit)"
                            .formatted(path),
                    bytes,
                    e);
        }
    }

    /// Cheap enough to ask before every forward pass.
    ///
    /// @throws FileChanged when the file is not what it was when it was opened
    public void checkUnchanged() {
        try {
            watch.check();
        } catch (IOException e) {
            throw unreadable(path, e);
        }
    }

    /// The error for a file that fails under a read.
    public static MalformedFile unreadable(Path path, IOException cause) {
        var malformed = new MalformedFile(path, -1, "expected a readable file, found " + cause);
        malformed.initCause(cause);
        return malformed;
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
}
