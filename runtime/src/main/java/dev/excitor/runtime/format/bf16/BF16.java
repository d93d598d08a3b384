package dev.excitor.runtime.format.bf16;

import dev.excitor.runtime.format.Blocks;
import dev.excitor.runtime.format.Format;
import dev.excitor.runtime.format.VectorKernel;
import java.lang.foreign.MemorySegment;
import java.util.Optional;

/// The upper half of an IEEE 754 binary32, little-endian: one number in 2 bytes, all of f32's range and 8 bits of it.
///
/// ```text
///   bit  15  14                 7  6            0
///       +---+---------------------+--------------+
///       | s | e, 8 bits           | m, 7 bits    |    the f32 whose upper 16 bits these are; the lower are zeros
///       +---+---------------------+--------------+
/// ```
public final class BF16 implements Format {

    /// The bit that makes a NaN quiet, so that one whose payload is cut off does not become infinity.
    private static final int QUIET = 0x40;
    /// Just below half of the last bit that stays; the last bit itself decides ties.
    private static final int HALF = 0x7fff;

    @Override
    public String name() {
        return "BF16";
    }

    @Override
    public int ggmlType() {
        return 30;
    }

    @Override
    public int blockSize() {
        return 1;
    }

    @Override
    public int blockBytes() {
        return Short.BYTES;
    }

    @Override
    public void decode(MemorySegment source, long at, float[] target, int from, int count) {
        for (int i = 0; i < count; i++) {
            target[from + i] = number(source, at + 2L * i);
        }
    }

    /// Rounds to nearest, ties to even; subnormal numbers are kept, a NaN stays one and becomes quiet.
    @Override
    public void encode(float[] source, int from, int count, MemorySegment target, long at) {
        for (int i = 0; i < count; i++) {
            int bits = Float.floatToRawIntBits(source[from + i]);
            int rounded =
                    Float.isNaN(source[from + i]) ? (bits >>> 16) | QUIET : (bits + HALF + ((bits >>> 16) & 1)) >>> 16;
            Blocks.putU16(target, at + 2L * i, rounded);
        }
    }

    @Override
    public Optional<Class<? extends VectorKernel>> vectorKernel() {
        return Optional.of(BF16Vector.class);
    }

    static float number(MemorySegment source, long at) {
        return Float.intBitsToFloat(Blocks.u16(source, at) << 16);
    }
}
