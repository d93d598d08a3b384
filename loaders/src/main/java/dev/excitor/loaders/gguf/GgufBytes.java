package dev.excitor.loaders.gguf;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/// A growing run of bytes in GGUF's spelling: little-endian numbers, strings after their length.
final class GgufBytes {

    private byte[] bytes = new byte[256];
    private int size;

    GgufBytes u8(int value) {
        return little(value, 1);
    }

    GgufBytes i16(int value) {
        return little(value, 2);
    }

    GgufBytes i32(int value) {
        return little(value, 4);
    }

    GgufBytes i64(long value) {
        return little(value, 8);
    }

    GgufBytes raw(byte... more) {
        room(more.length);
        System.arraycopy(more, 0, bytes, size, more.length);
        size += more.length;
        return this;
    }

    GgufBytes string(String text) {
        return string(text.getBytes(StandardCharsets.UTF_8));
    }

    GgufBytes string(byte[] text) {
        return i64(text.length).raw(text);
    }

    GgufBytes type(GgufType type) {
        return i32(type.number());
    }

    /// An integer, or a bool, in the type's width.
    GgufBytes integer(GgufType type, long value) {
        return little(value, type.bytes());
    }

    /// Zeros up to a multiple of `alignment`.
    GgufBytes align(int alignment) {
        return raw(new byte[Math.floorMod(-size, alignment)]);
    }

    int size() {
        return size;
    }

    byte[] toArray() {
        return Arrays.copyOf(bytes, size);
    }

    private GgufBytes little(long value, int count) {
        room(count);
        for (int i = 0; i < count; i++) {
            bytes[size++] = (byte) (value >>> (8 * i));
        }
        return this;
    }

    private void room(int more) {
        int wanted = Math.addExact(size, more);
        if (wanted > bytes.length) {
            bytes = Arrays.copyOf(bytes, (int) Math.min(Integer.MAX_VALUE - 8, Math.max(2L * bytes.length, wanted)));
        }
    }
}
