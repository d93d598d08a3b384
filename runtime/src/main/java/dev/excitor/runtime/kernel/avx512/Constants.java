package dev.excitor.runtime.kernel.avx512;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.function.IntUnaryOperator;

/// The 64 bytes of a register, made from what stands in each element.
final class Constants {

    private Constants() {}

    static byte[] bytes(IntUnaryOperator valueAt) {
        byte[] result = new byte[64];
        for (int i = 0; i < 64; i++) {
            result[i] = (byte) valueAt.applyAsInt(i);
        }
        return result;
    }

    static byte[] words(IntUnaryOperator valueAt) {
        ByteBuffer result = ByteBuffer.allocate(64).order(ByteOrder.LITTLE_ENDIAN);
        for (int i = 0; i < 32; i++) {
            result.putShort((short) valueAt.applyAsInt(i));
        }
        return result.array();
    }

    static byte[] ints(IntUnaryOperator valueAt) {
        ByteBuffer result = ByteBuffer.allocate(64).order(ByteOrder.LITTLE_ENDIAN);
        for (int i = 0; i < 16; i++) {
            result.putInt(valueAt.applyAsInt(i));
        }
        return result.array();
    }

    static byte[] floats(float value) {
        return ints(i -> Float.floatToRawIntBits(value));
    }
}
