package dev.excitor.runtime.format;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/// Little-endian, unaligned access to the fields of a block, and the arithmetic that encoders share.
public final class Blocks {

    private static final ValueLayout.OfShort SHORT =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfFloat FLOAT =
            ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private Blocks() {}

    /// An unsigned byte.
    public static int u8(MemorySegment source, long at) {
        return source.get(ValueLayout.JAVA_BYTE, at) & 0xff;
    }

    /// A signed byte.
    public static int i8(MemorySegment source, long at) {
        return source.get(ValueLayout.JAVA_BYTE, at);
    }

    /// An unsigned 16-bit integer.
    public static int u16(MemorySegment source, long at) {
        return source.get(SHORT, at) & 0xffff;
    }

    public static int i32(MemorySegment source, long at) {
        return source.get(INT, at);
    }

    /// IEEE 754 binary16.
    public static float f16(MemorySegment source, long at) {
        return Float.float16ToFloat(source.get(SHORT, at));
    }

    /// The IEEE 754 binary16 in the low half of an int.
    public static float half(int bits) {
        return Float.float16ToFloat((short) bits);
    }

    public static float f32(MemorySegment source, long at) {
        return source.get(FLOAT, at);
    }

    public static void putU8(MemorySegment target, long at, int value) {
        target.set(ValueLayout.JAVA_BYTE, at, (byte) value);
    }

    /// Sets those bits of a byte that are set in `bits`.
    public static void orU8(MemorySegment target, long at, int bits) {
        putU8(target, at, u8(target, at) | bits);
    }

    public static void putU16(MemorySegment target, long at, int value) {
        target.set(SHORT, at, (short) value);
    }

    public static void putI32(MemorySegment target, long at, int value) {
        target.set(INT, at, value);
    }

    /// Rounds to nearest, ties to even, as IEEE 754 asks.
    public static void putF16(MemorySegment target, long at, float value) {
        target.set(SHORT, at, Float.floatToFloat16(value));
    }

    public static void putF32(MemorySegment target, long at, float value) {
        target.set(FLOAT, at, value);
    }

    /// Copies `count` floats out of a segment.
    public static void copyF32(MemorySegment source, long at, float[] target, int from, int count) {
        MemorySegment.copy(source, FLOAT, at, target, from, count);
    }

    /// Copies `count` floats into a segment.
    public static void copyF32(float[] source, int from, MemorySegment target, long at, int count) {
        MemorySegment.copy(source, from, target, FLOAT, at, count);
    }

    /// The number of largest magnitude, with its sign; the first of equals; 0 for a block of zeros.
    public static float largest(float[] source, int from, int count) {
        float largest = 0;
        float magnitude = 0;
        for (int i = from; i < from + count; i++) {
            if (Math.abs(source[i]) > magnitude) {
                magnitude = Math.abs(source[i]);
                largest = source[i];
            }
        }
        return largest;
    }

    /// The smallest of `count` numbers, at least one.
    public static float min(float[] source, int from, int count) {
        float min = source[from];
        for (int i = from + 1; i < from + count; i++) {
            min = source[i] < min ? source[i] : min;
        }
        return min;
    }

    /// The largest of `count` numbers, at least one.
    public static float max(float[] source, int from, int count) {
        float max = source[from];
        for (int i = from + 1; i < from + count; i++) {
            max = source[i] > max ? source[i] : max;
        }
        return max;
    }

    /// The nearest integer; halves go away from zero, as C's `roundf` has it and [Math#round] has not.
    public static int round(float value) {
        int towardsZero = (int) value;
        // Without a branch, which would be mispredicted half the time; twice the rest is exact.
        return towardsZero + (int) (2 * (value - towardsZero));
    }
}
