package dev.excitor.loaders.attacks;

import static dev.excitor.loaders.attacks.RawGguf.bytes;
import static dev.excitor.loaders.attacks.RawGguf.cat;
import static dev.excitor.loaders.attacks.RawGguf.u32;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/// Spells protobuf messages, sound ones and others.
public final class RawProtobuf {

    static final int VARINT = 0;
    static final int LENGTH = 2;
    static final int FOUR_BYTES = 5;

    private RawProtobuf() {}

    /// Any number as 7 bits a byte.
    static byte[] varint(long value) {
        var out = new ByteArrayOutputStream();
        long rest = value;
        while ((rest & ~0x7fL) != 0) {
            out.write((int) ((rest & 0x7f) | 0x80));
            rest >>>= 7;
        }
        out.write((int) rest);
        return out.toByteArray();
    }

    static byte[] tag(int field, int wireType) {
        return varint(((long) field << 3) | wireType);
    }

    public static byte[] integer(int field, long value) {
        return cat(tag(field, VARINT), varint(value));
    }

    static byte[] float32(int field, float value) {
        return cat(tag(field, FOUR_BYTES), u32(Float.floatToRawIntBits(value)));
    }

    public static byte[] message(int field, byte[]... content) {
        byte[] whole = cat(content);
        return cat(tag(field, LENGTH), varint(whole.length), whole);
    }

    public static byte[] string(int field, String text) {
        return message(field, text.getBytes(StandardCharsets.UTF_8));
    }

    /// A message of these fields.
    public static byte[] fields(byte[]... fields) {
        return cat(fields);
    }

    /// One piece of a vocabulary.
    public static byte[] piece(String text, float score, int type) {
        return message(1, string(1, text), float32(2, score), integer(3, type));
    }

    /// The pieces of a small vocabulary: unknown, begin, end, a space and two words.
    public static byte[] pieces() {
        return cat(
                piece("<unk>", 0, 2),
                piece("<s>", 0, 3),
                piece("</s>", 0, 3),
                piece("\u2581a", 0, 1),
                piece("\u2581", -1, 1),
                piece("a", -2, 1));
    }

    /// A BPE vocabulary's training, and more of it.
    public static byte[] trainer(byte[]... more) {
        return message(2, integer(3, 2), cat(more));
    }

    /// A normalizer that changes nothing, and more of it.
    public static byte[] normalizer(byte[]... more) {
        return message(3, string(1, "identity"), integer(4, 0), cat(more));
    }

    /// A whole sound file.
    public static byte[] sound() {
        return cat(pieces(), trainer(), normalizer());
    }

    /// A sound file but for one more piece.
    static byte[] withPiece(byte[] piece) {
        return cat(pieces(), piece, trainer(), normalizer());
    }

    /// The beginning of a varint that goes on and on.
    static byte[] endless(int count) {
        return repeated(0x80, count);
    }

    /// So many groups of field 6, one in the other.
    static byte[] groups(int count) {
        return repeated((6 << 3) | 3, count);
    }

    private static byte[] repeated(int value, int count) {
        byte[] bytes = new byte[count];
        Arrays.fill(bytes, (byte) value);
        return bytes;
    }

    static byte[] notUtf8() {
        return bytes(0xc0, 0xaf);
    }
}
