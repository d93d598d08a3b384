package dev.excitor.loaders.attacks;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/// Puts a GGUF file together byte by byte, checking nothing and sharing no code with the reader or the writer, so that
/// it can be wrong in every way.
final class RawGguf {

    static final int UINT8 = 0;
    static final int UINT16 = 2;
    static final int UINT32 = 4;
    static final int INT32 = 5;
    static final int FLOAT32 = 6;
    static final int BOOL = 7;
    static final int STRING = 8;
    static final int ARRAY = 9;
    static final int UINT64 = 10;

    static final int F32 = 0;
    static final int Q4_0 = 2;

    private byte[] magic = ascii("GGUF");
    private byte[] version = u32(3);
    private long countedTensors = -1;
    private boolean tensorsCounted = true;
    private long countedKeys = -1;
    private boolean keysCounted = true;
    private final List<byte[]> keys = new ArrayList<>();
    private final List<byte[]> tensors = new ArrayList<>();
    private int alignment = 32;
    private int data;

    /// A small sound file: four keys and two tensors, `a` of 8 F32 and `b` of 64 Q4_0 numbers.
    static RawGguf sound() {
        return new RawGguf()
                .key("general.architecture", STRING, string("llama"))
                .key("llama.block_count", UINT32, u32(1))
                .key("tokenizer.ggml.tokens", ARRAY, strings("a", "b"))
                .key("tokenizer.ggml.add_bos_token", BOOL, new byte[] {1})
                .tensor("a", F32, 0, 4, 2)
                .tensor("b", Q4_0, 32, 32, 2)
                .data(32 + 36);
    }

    /// A sound file but for one more key.
    static RawGguf withKey(String name, int type, byte[] value) {
        return sound().key(name, type, value);
    }

    /// One key, no data, and one tensor: F32 at offset 0.
    static RawGguf withTensor(String name, long... extents) {
        return new RawGguf().tensor(name, F32, 0, extents).data(1024);
    }

    RawGguf magic(String bytes) {
        magic = ascii(bytes);
        return this;
    }

    RawGguf version(int number) {
        version = u32(number);
        return this;
    }

    RawGguf claimTensors(long count) {
        tensorsCounted = false;
        countedTensors = count;
        return this;
    }

    RawGguf claimKeys(long count) {
        keysCounted = false;
        countedKeys = count;
        return this;
    }

    RawGguf key(String name, int type, byte[] value) {
        return rawKey(cat(string(name), u32(type), value));
    }

    RawGguf rawKey(byte[] bytes) {
        keys.add(bytes);
        return this;
    }

    RawGguf tensor(String name, int type, long offset, long... extents) {
        byte[] line = cat(string(name), u32(extents.length));
        for (long extent : extents) {
            line = cat(line, u64(extent));
        }
        return rawTensor(cat(line, u32(type), u64(offset)));
    }

    RawGguf rawTensor(byte[] bytes) {
        tensors.add(bytes);
        return this;
    }

    RawGguf alignment(int multiple) {
        alignment = multiple;
        return this;
    }

    /// Bytes of data after the padding.
    RawGguf data(int bytes) {
        data = bytes;
        return this;
    }

    byte[] bytes() {
        var out = new ByteArrayOutputStream();
        out.writeBytes(magic);
        out.writeBytes(version);
        out.writeBytes(u64(tensorsCounted ? tensors.size() : countedTensors));
        out.writeBytes(u64(keysCounted ? keys.size() : countedKeys));
        keys.forEach(out::writeBytes);
        tensors.forEach(out::writeBytes);
        if (data > 0) {
            out.writeBytes(new byte[Math.floorMod(-out.size(), alignment)]);
            out.writeBytes(new byte[data]);
        }
        return out.toByteArray();
    }

    static byte[] u16(int value) {
        return little(2).putShort((short) value).array();
    }

    static byte[] u32(long value) {
        return little(4).putInt((int) value).array();
    }

    static byte[] u64(long value) {
        return little(8).putLong(value).array();
    }

    private static ByteBuffer little(int bytes) {
        return ByteBuffer.wrap(new byte[bytes]).order(ByteOrder.LITTLE_ENDIAN);
    }

    static byte[] string(String text) {
        return string(text.getBytes(StandardCharsets.UTF_8));
    }

    static byte[] string(byte[] text) {
        return cat(u64(text.length), text);
    }

    static byte[] array(int type, long count, byte[]... elements) {
        return cat(u32(type), u64(count), cat(elements));
    }

    static byte[] strings(String... texts) {
        byte[] bytes = array(STRING, texts.length);
        for (String text : texts) {
            bytes = cat(bytes, string(text));
        }
        return bytes;
    }

    static byte[] bytes(int... values) {
        byte[] bytes = new byte[values.length];
        for (int i = 0; i < values.length; i++) {
            bytes[i] = (byte) values[i];
        }
        return bytes;
    }

    static byte[] cat(byte[]... parts) {
        var out = new ByteArrayOutputStream();
        for (byte[] part : parts) {
            out.writeBytes(part);
        }
        return out.toByteArray();
    }

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }
}
