package dev.excitor.loaders.file;

import dev.excitor.runtime.ExcitorException.FileChanged;
import java.io.File;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;

/// Tells whether an open file is still the file it was: the same size, time and identity, under the same name.
///
/// It is asked before every forward pass, so the usual answer costs a few system calls (4 microseconds) and no object.
/// What can be read without one is the length of the open file (truncation is the only change that can kill the JVM),
/// the time under its name, and the time of the folder that holds it (of two, where the name is a link). Another file
/// under the same name, even one of equal size and time, changes its folder; only then are the full attributes with the
/// file's key read, which allocates a little.
///
/// A folder's time moves with the clock ticks of its file system: while it is young a second change could leave it as
/// it is, so until it has aged the full attributes are read each time.
///
/// Safe for many threads: times are read before the attributes they vouch for, so what is remembered is never newer.
final class FileWatch {

    /// No clock of a file system in use ticks more slowly than this (FAT's), in milliseconds.
    private static final long SETTLED = 2_000;

    private final Path path;
    private final RandomAccessFile file;
    private final File name;
    private final List<File> folders;
    private final Snapshot opened;

    private volatile long modified;
    private volatile long foldersModified;
    private volatile boolean settled;

    /// What identifies a file. The key is absent on some systems.
    private record Snapshot(long size, long modified, String key) {
        static Snapshot of(Path path) throws IOException {
            BasicFileAttributes attributes = Files.readAttributes(path, BasicFileAttributes.class);
            return new Snapshot(
                    attributes.size(),
                    attributes.lastModifiedTime().toMillis(),
                    Objects.toString(attributes.fileKey(), "none"));
        }

        @Override
        public String toString() {
            return "%d bytes, modified %s, identity %s".formatted(size, Instant.ofEpochMilli(modified), key);
        }
    }

    /// @param path the name under which the file was opened
    /// @param file the open file; closing it is the caller's matter
    FileWatch(Path path, RandomAccessFile file) throws IOException {
        this.path = path;
        this.file = file;
        this.name = path.toFile();
        this.folders = Stream.of(path.toAbsolutePath(), path.toRealPath())
                .map(Path::getParent)
                .map(Path::toFile)
                .distinct()
                .toList();
        this.opened = Snapshot.of(path);
    }

    /// @throws FileChanged when it is another file, or the same with other contents
    /// @throws IOException when the file has been closed
    void check() throws IOException {
        long size = file.length();
        if (size != opened.size) {
            throw new FileChanged(path, opened.size + " bytes", size + " bytes");
        }
        if (!settled || name.lastModified() != modified || foldersTime() != foldersModified) {
            look();
        }
    }

    private void look() throws IOException {
        long now = System.currentTimeMillis();
        long folders = foldersTime();
        long time = name.lastModified();
        Snapshot found;
        try {
            found = Snapshot.of(path);
        } catch (NoSuchFileException gone) {
            throw new FileChanged(path, opened.toString(), "no file under its name");
        }
        if (!found.equals(opened)) {
            throw new FileChanged(path, opened.toString(), found.toString());
        }
        modified = time;
        foldersModified = folders;
        settled = now - youngestFolder() > SETTLED;
    }

    /// Changes when any of the folders changes.
    private long foldersTime() {
        long time = 0;
        for (int i = 0; i < folders.size(); i++) {
            time = time * 31 + folders.get(i).lastModified();
        }
        return time;
    }

    private long youngestFolder() {
        return folders.stream().mapToLong(File::lastModified).max().orElseThrow();
    }
}
