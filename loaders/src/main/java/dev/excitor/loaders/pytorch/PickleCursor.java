package dev.excitor.loaders.pytorch;

import dev.excitor.loaders.file.FileText;
import dev.excitor.runtime.ExcitorException.MalformedFile;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.nio.file.Path;

/// Walks the bytes of a pickle, checking before each step that they are there.
final class PickleCursor {

    private static final VarHandle SHORT = MethodHandles.byteArrayViewVarHandle(short[].class, ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle INT = MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle LONG = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

    /// No module and no name of Python is so long.
    private static final int MAX_LINE = 1024;

    private final Path path;
    private final String entry;
    private final byte[] bytes;
    private int at;

    /// @param entry the pickle's name in the archive, for messages
    PickleCursor(Path path, String entry, byte[] bytes) {
        this.path = path;
        this.entry = entry;
        this.bytes = bytes;
    }

    int at() {
        return at;
    }

    int remaining() {
        return bytes.length - at;
    }

    int u8(String what) {
        require(1, what);
        return bytes[at++] & 0xff;
    }

    int u16(String what) {
        require(Short.BYTES, what);
        at += Short.BYTES;
        return ((short) SHORT.get(bytes, at - Short.BYTES)) & 0xffff;
    }

    int i32(String what) {
        require(Integer.BYTES, what);
        at += Integer.BYTES;
        return (int) INT.get(bytes, at - Integer.BYTES);
    }

    long i64(String what) {
        require(Long.BYTES, what);
        at += Long.BYTES;
        return (long) LONG.get(bytes, at - Long.BYTES);
    }

    /// A signed integer of 0 to 8 bytes.
    long integer(int length, String what) {
        require(length, what);
        long value = 0;
        for (int i = length - 1; i >= 0; i--) {
            value = (value << Byte.SIZE) | (bytes[at + i] & 0xff);
        }
        at += length;
        int unused = Long.SIZE - Byte.SIZE * length;
        return length == 0 ? 0 : (value << unused) >> unused;
    }

    void skip(long count, String what) {
        at += checked(count, what);
    }

    /// Text of so many bytes.
    String text(long count, String what) {
        int length = checked(count, what);
        int from = at;
        at += length;
        return utf8(from, length, what);
    }

    /// Text up to the end of its line.
    String line(String what) {
        int from = at;
        int limit = Math.min(bytes.length, from + MAX_LINE);
        int end = from;
        while (end < limit && bytes[end] != '\n') {
            end++;
        }
        if (end == limit) {
            throw malformed(from, "%s: expected a line of at most %d bytes, found more".formatted(what, MAX_LINE));
        }
        at = end + 1;
        return utf8(from, end - from, what);
    }

    private String utf8(int from, int length, String what) {
        return FileText.strictUtf8(bytes, from, length)
                .orElseThrow(() -> malformed(from, what + ": expected UTF-8, found other bytes"));
    }

    private int checked(long count, String what) {
        if (count < 0 || count > remaining()) {
            throw malformed(
                    at,
                    "%s: expected at most the %d bytes left, found a length of %s"
                            .formatted(what, remaining(), Long.toUnsignedString(count)));
        }
        return (int) count;
    }

    private void require(int count, String what) {
        if (count > remaining()) {
            throw malformed(at, "%s: expected %d more bytes, found %d".formatted(what, count, remaining()));
        }
    }

    /// @param offset in the pickle
    MalformedFile malformed(int offset, String what) {
        return new MalformedFile(path, -1, place(offset) + what);
    }

    /// Path, entry and byte, for messages that have no other place for them.
    String where(int offset) {
        return path + ": " + place(offset);
    }

    private String place(int offset) {
        return "entry %s, byte %d: ".formatted(FileText.quote(entry), offset);
    }
}
