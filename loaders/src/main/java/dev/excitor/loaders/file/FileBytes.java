package dev.excitor.loaders.file;

import dev.excitor.runtime.ExcitorException.MalformedFile;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;

/// Small files, read whole.
public final class FileBytes {

    private FileBytes() {}

    /// @param maxBytes more is refused before it is read
    /// @throws MalformedFile when it is no regular file, cannot be read or is larger
    public static byte[] read(Path path, int maxBytes) {
        OpenFile.checkRegular(path);
        try (InputStream in = Files.newInputStream(path)) {
            long size = Files.size(path);
            byte[] bytes = size > maxBytes ? new byte[0] : in.readNBytes(maxBytes + 1);
            if (size > maxBytes || bytes.length > maxBytes) {
                throw new MalformedFile(
                        path,
                        -1,
                        "expected at most %d bytes, found %d".formatted(maxBytes, Math.max(size, bytes.length)));
            }
            return bytes;
        } catch (IOException e) {
            throw OpenFile.unreadable(path, e);
        }
    }
}
