package dev.excitor.loaders.sentencepiece;

import dev.excitor.loaders.file.FileText;
import dev.excitor.runtime.ExcitorException.MalformedFile;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.nio.file.Path;

/// Walks one protobuf message field by field, checking before each step that the message has the bytes.
///
/// ```text
///  tag varint = field number << 3 | wire type
///  0 varint | 1 eight bytes | 2 length varint, bytes | 5 four bytes          3 and 4, groups, are long out of use
/// ```
///
/// After the Protocol Buffers documentation, "Encoding".
final class ProtobufCursor {

    private static final int VARINT = 0;
    private static final int EIGHT_BYTES = 1;
    private static final int LENGTH = 2;
    private static final int FOUR_BYTES = 5;

    private static final int MAX_VARINT_BYTES = 10;
    private static final VarHandle INT = MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);

    private final Path path;
    private final byte[] bytes;
    private final int end;
    private int at;
    private int field;
    private int wireType;
    private int fieldAt;

    ProtobufCursor(Path path, byte[] bytes) {
        this(path, bytes, 0, bytes.length);
    }

    private ProtobufCursor(Path path, byte[] bytes, int from, int end) {
        this.path = path;
        this.bytes = bytes;
        this.at = from;
        this.end = end;
    }

    /// Goes to the next field, whose value must then be taken or skipped.
    ///
    /// @return whether there is one
    boolean next() {
        if (at == end) {
            return false;
        }
        fieldAt = at;
        long tag = varint("a field's tag");
        field = (int) (tag >>> 3);
        wireType = (int) (tag & 7);
        if (tag >>> 32 != 0 || field == 0) {
            throw malformed(
                    fieldAt,
                    "a field's tag: expected a number from 1 to 2^29 - 1, found " + Long.toUnsignedString(tag));
        }
        return true;
    }

    /// The number of the current field.
    int field() {
        return field;
    }

    /// Where the current field begins in the file.
    int fieldAt() {
        return fieldAt;
    }

    /// The current field as an integer or an enum, of 64 bits with its sign.
    long integer(String what) {
        require(VARINT, what, "a varint");
        return varint(what);
    }

    /// The current field as a bool, which any number but 0 makes true.
    boolean bool(String what) {
        return integer(what) != 0;
    }

    float float32(String what) {
        require(FOUR_BYTES, what, "a float");
        requireBytes(Integer.BYTES, what);
        at += Integer.BYTES;
        return Float.intBitsToFloat((int) INT.get(bytes, at - Integer.BYTES));
    }

    /// The current field as text.
    String string(String what) {
        int length = length(what, "a string");
        int from = at;
        at += length;
        return FileText.strictUtf8(bytes, from, length)
                .orElseThrow(() -> malformed(from, what + ": expected UTF-8, found other bytes"));
    }

    /// The current field as a message of its own.
    ProtobufCursor message(String what) {
        int length = length(what, "a message");
        at += length;
        return new ProtobufCursor(path, bytes, at - length, at);
    }

    /// The current field as bytes, of which only the number is wanted.
    int byteCount(String what) {
        int length = length(what, "bytes");
        at += length;
        return length;
    }

    /// Passes over the current field.
    void skip() {
        String what = "field " + field;
        switch (wireType) {
            case VARINT -> varint(what);
            case EIGHT_BYTES -> pass(Long.BYTES, what);
            case LENGTH -> pass(length(what, "bytes"), what);
            case FOUR_BYTES -> pass(Integer.BYTES, what);
            default ->
                throw malformed(
                        fieldAt,
                        "%s: expected wire type 0, 1, 2 or 5, found %d; this is no SentencePiece model, or a damaged one"
                                .formatted(what, wireType));
        }
    }

    private void pass(int count, String what) {
        requireBytes(count, what);
        at += count;
    }

    private int length(String what, String expected) {
        require(LENGTH, what, expected);
        int lengthAt = at;
        long length = varint(what + ", its length");
        if (length < 0 || length > end - at) {
            throw malformed(
                    lengthAt,
                    "%s: expected at most the %d bytes that follow, found a length of %s"
                            .formatted(what, end - at, Long.toUnsignedString(length)));
        }
        return (int) length;
    }

    private void require(int expectedType, String what, String expected) {
        if (wireType != expectedType) {
            throw malformed(
                    fieldAt,
                    "%s: expected %s (wire type %d), found wire type %d"
                            .formatted(what, expected, expectedType, wireType));
        }
    }

    private void requireBytes(int count, String what) {
        if (count > end - at) {
            throw malformed(at, "%s: expected %d more bytes, found %d".formatted(what, count, end - at));
        }
    }

    private long varint(String what) {
        int start = at;
        long value = 0;
        for (int i = 0; i < MAX_VARINT_BYTES; i++) {
            requireBytes(1, what);
            byte b = bytes[at++];
            value |= (long) (b & 0x7f) << (7 * i);
            if (b >= 0) {
                return value;
            }
        }
        throw malformed(
                start, "%s: expected a varint of at most %d bytes, found more".formatted(what, MAX_VARINT_BYTES));
    }

    MalformedFile malformed(int offset, String what) {
        return new MalformedFile(path, offset, what);
    }
}
