package dev.excitor.loaders.gguf;

import dev.excitor.loaders.file.FileText;
import dev.excitor.runtime.ExcitorException.MalformedFile;
import java.io.IOException;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;

/// Walks the header of a file from its first byte, checking before each step that the file has the bytes.
///
/// The header is read into memory and stays there: what was validated cannot change afterwards, whatever happens to the
/// file. It is read piece by piece as the walk needs it, so a length that lies costs no more memory than the file has
/// bytes, and never more than [#MAX_HEADER].
final class GgufCursor {

    /// The largest header that is read. A vocabulary of 262,144 tokens with 515,000 merges needs 16 MB.
    static final int MAX_HEADER = 128 << 20;

    private static final int FIRST_READ = 1 << 16;
    private static final VarHandle SHORT = MethodHandles.byteArrayViewVarHandle(short[].class, ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle INT = MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle LONG = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

    private final Path path;
    private final SeekableByteChannel channel;
    private final long size;
    private byte[] bytes = new byte[0];
    private int at;

    GgufCursor(Path path, SeekableByteChannel channel) throws IOException {
        this.path = path;
        this.channel = channel.position(0);
        this.size = channel.size();
    }

    static int i16(byte[] bytes, int at) {
        return (short) SHORT.get(bytes, at);
    }

    static int i32(byte[] bytes, int at) {
        return (int) INT.get(bytes, at);
    }

    static long i64(byte[] bytes, int at) {
        return (long) LONG.get(bytes, at);
    }

    Path path() {
        return path;
    }

    /// Bytes of the whole file.
    long size() {
        return size;
    }

    /// Bytes of the file after the current one.
    long remaining() {
        return size - at;
    }

    int at() {
        return at;
    }

    /// The bytes walked so far.
    byte[] walked() {
        return Arrays.copyOf(bytes, at);
    }

    MalformedFile malformed(long offset, String what) {
        return new MalformedFile(path, offset, what);
    }

    int i32(String field) throws IOException {
        require(4, field);
        at += 4;
        return i32(bytes, at - 4);
    }

    long i64(String field) throws IOException {
        require(8, field);
        at += 8;
        return i64(bytes, at - 8);
    }

    int u8(String field) throws IOException {
        require(1, field);
        return bytes[at++] & 0xff;
    }

    /// A count of things that take `bytesEach` or more in the file, at most `max` of them.
    int count(String field, int bytesEach, int max) throws IOException {
        int start = at;
        long count = i64(field);
        long room = remaining() / bytesEach;
        if (count < 0 || count > room) {
            throw malformed(
                    start,
                    "%s: expected at most %d, for which the rest of the file has room, found %s"
                            .formatted(field, room, Long.toUnsignedString(count)));
        }
        if (count > max) {
            throw malformed(start, "%s: expected at most %d, found %d".formatted(field, max, count));
        }
        return (int) count;
    }

    /// Steps over the bytes of a string and answers their number; they end where the cursor then stands.
    int skipString(String field) throws IOException {
        int start = at;
        long length = i64(field);
        if (length < 0 || length > remaining()) {
            throw malformed(
                    start,
                    "%s: expected a string of at most %d bytes, which is the rest of the file, found a length of %s"
                            .formatted(field, remaining(), Long.toUnsignedString(length)));
        }
        skip(length, field);
        return (int) length;
    }

    /// A key or a tensor's name: 1 to 65,535 bytes of UTF-8.
    String name(String field) throws IOException {
        int start = at;
        int length = skipString(field);
        if (length == 0 || length > 0xffff) {
            throw malformed(start, "%s: expected 1 to 65535 bytes, found %d".formatted(field, length));
        }
        Optional<String> name = FileText.strictUtf8(bytes, at - length, length);
        return name.orElseThrow(() -> malformed(start + 8, field + ": expected UTF-8, found other bytes"));
    }

    void skip(long length, String field) throws IOException {
        require(length, field);
        at += (int) length;
    }

    /// Makes sure the next `length` bytes are in memory.
    private void require(long length, String field) throws IOException {
        if (length > remaining()) {
            throw malformed(
                    at,
                    "the file ends inside %s: expected %d more bytes, found %d; it is truncated, so fetch it again"
                            .formatted(field, length, remaining()));
        }
        long end = at + length;
        if (end > bytes.length) {
            load(end, field);
        }
    }

    private void load(long end, String field) throws IOException {
        if (end > MAX_HEADER) {
            throw malformed(
                    at,
                    "%s: expected a header of at most %d bytes, found one of %d or more"
                            .formatted(field, MAX_HEADER, end));
        }
        int from = bytes.length;
        long wanted = Math.max(end, Math.max(FIRST_READ, 2L * from));
        bytes = Arrays.copyOf(bytes, (int) Math.min(wanted, Math.min(size, MAX_HEADER)));
        var target = ByteBuffer.wrap(bytes, from, bytes.length - from);
        while (target.hasRemaining()) {
            if (channel.read(target) < 0) {
                throw malformed(
                        target.position(),
                        "the file became shorter while it was read: expected %d bytes, found %d"
                                .formatted(size, target.position()));
            }
        }
    }
}
