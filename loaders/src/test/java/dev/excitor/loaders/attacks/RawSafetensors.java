package dev.excitor.loaders.attacks;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/// Spells safetensors files without checking anything.
final class RawSafetensors {

    private RawSafetensors() {}

    /// A file with the header's true length.
    ///
    /// @param data bytes of zeros behind it
    static byte[] file(String header, int data) {
        return file(header.getBytes(StandardCharsets.UTF_8), data);
    }

    static byte[] file(byte[] header, int data) {
        return file(header.length, header, data);
    }

    /// @param length what the file says of its header
    static byte[] file(long length, byte[] header, int data) {
        return ByteBuffer.allocate(Long.BYTES + header.length + data)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(length)
                .put(header)
                .array();
    }

    /// One entry of a header.
    static String tensor(String name, String dtype, String shape, String offsets) {
        return "\"%s\":{\"dtype\":\"%s\",\"shape\":%s,\"data_offsets\":%s}".formatted(name, dtype, shape, offsets);
    }

    static String header(String... entries) {
        return "{" + String.join(",", entries) + "}";
    }

    /// Two tensors in 24 bytes.
    static byte[] sound() {
        return file(header(tensor("a", "F32", "[2,2]", "[0,16]"), tensor("b", "F16", "[4]", "[16,24]")), 24);
    }
}
