package dev.excitor.loaders.attacks;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/// Large files that take no room on the disk: a start, a hole, and a last byte.
final class Sparse {

    private Sparse() {}

    static Path write(Path folder, byte[] start, long size) throws IOException {
        Path path = folder.resolve("attack.gguf");
        try (var channel = FileChannel.open(
                path,
                StandardOpenOption.CREATE,
                StandardOpenOption.TRUNCATE_EXISTING,
                StandardOpenOption.WRITE,
                StandardOpenOption.SPARSE)) {
            channel.write(ByteBuffer.wrap(start));
            channel.write(ByteBuffer.wrap(new byte[1]), size - 1);
        }
        return path;
    }
}
