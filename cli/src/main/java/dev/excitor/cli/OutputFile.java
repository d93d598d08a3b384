package dev.excitor.cli;

import dev.excitor.runtime.ExcitorException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;

/// A file that appears under its name when it is complete. Until then it has another name beside it, and goes
/// away when the work fails or is interrupted: nobody ever meets half a file.
final class OutputFile implements WritableByteChannel {

    private final Path path;
    private final Path unfinished;
    private final FileChannel channel;
    private final Thread onInterrupt;

    private OutputFile(Path path, Path unfinished, FileChannel channel, Thread onInterrupt) {
        this.path = path;
        this.unfinished = unfinished;
        this.channel = channel;
        this.onInterrupt = onInterrupt;
    }

    /// Begins a file: before the work, so that a name that cannot be is no loss.
    ///
    /// @param option the option that names it, for errors
    /// @param force  whether it may replace a file that is there
    static OutputFile create(String option, Path path, boolean force) {
        if (Files.exists(path) && !Files.isRegularFile(path)) {
            throw new ExcitorException.InvalidOption(
                    option, "a file", (Files.isDirectory(path) ? "the folder " : "a device: ") + path);
        }
        if (Files.exists(path) && !force) {
            throw new ExcitorException.InvalidOption(
                    option, "a file that is not there yet, unless --force is given", path);
        }
        Path unfinished = path.resolveSibling("%s.%x.part".formatted(path.getFileName(), System.nanoTime()));
        Thread onInterrupt = new Thread(() -> discard(unfinished), "discard output");
        Runtime.getRuntime().addShutdownHook(onInterrupt);
        try {
            FileChannel channel = FileChannel.open(unfinished, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
            return new OutputFile(path, unfinished, channel, onInterrupt);
        } catch (IOException e) {
            remove(onInterrupt);
            throw new ExcitorException.InvalidOption(
                    option, "a file that can be written", "%s (%s)".formatted(path, reason(e)));
        }
    }

    /// Refuses a name that cannot be, before long work whose result something else writes.
    ///
    /// @param option the option that names it, for errors
    /// @param force  whether it may replace a file that is there
    static void check(String option, Path path, boolean force) throws IOException {
        create(option, path, force).close();
    }

    /// Without the unfinished file's name, which would only confuse.
    private static String reason(IOException failure) {
        return switch (failure) {
            case NoSuchFileException missing -> "there is no such folder";
            case AccessDeniedException denied -> "permission denied";
            case FileSystemException other -> String.valueOf(other.getReason());
            default -> String.valueOf(failure.getMessage());
        };
    }

    /// @throws UncheckedIOException naming the file, when the disk is full, say: for use where no other may be thrown
    @Override
    public int write(ByteBuffer source) {
        try {
            return channel.write(source);
        } catch (IOException e) {
            throw new UncheckedIOException(new IOException(path + " cannot be written: " + e.getMessage(), e));
        }
    }

    /// Gives the file its name: it is complete.
    void commit() throws IOException {
        channel.close();
        Files.move(unfinished, path, StandardCopyOption.ATOMIC_MOVE);
    }

    @Override
    public boolean isOpen() {
        return channel.isOpen();
    }

    /// Removes the file, unless it is complete.
    @Override
    public void close() throws IOException {
        channel.close();
        discard(unfinished);
        remove(onInterrupt);
    }

    /// Leaves the channel open: after Ctrl-C the work goes on for a moment, and must not fail of that.
    private static void discard(Path unfinished) {
        try {
            Files.deleteIfExists(unfinished);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void remove(Thread onInterrupt) {
        try {
            Runtime.getRuntime().removeShutdownHook(onInterrupt);
        } catch (IllegalStateException theJvmIsEnding) {
            // the hook runs, and does the same
        }
    }
}
