package dev.excitor.runtime.format.superblock;

import dev.excitor.runtime.format.Blocks;
import dev.excitor.runtime.vector.Load;
import java.lang.foreign.MemorySegment;

/// Twelve bytes that hold eight scales and eight mins of six bits each, as Q4_K and Q5_K store them. In registers they
/// are eight bytes of a long, the first the lowest.
///
/// ```text
///             bits 7 6               5 4 3 2 1 0
///  byte j      bits 5,4 of scale j+4 | scale j              j < 4
///  byte j + 4  bits 5,4 of min   j+4 | min   j
///             bits 7 6 5 4           3 2 1 0
///  byte j + 8  bits 3..0 of min j+4 | bits 3..0 of scale j+4
/// ```
public final class SixBitScales {

    /// Bytes of the packed form.
    public static final int BYTES = 12;

    private static final int LOW_6 = 0x3f3f3f3f;
    private static final int LOW_4 = 0x0f0f0f0f;
    private static final int BITS_5_4 = 0x30303030;

    private SixBitScales() {}

    /// The eight scales.
    public static long scales(MemorySegment source, long at) {
        return eight(Load.intAt(source, at), Load.intAt(source, at + 8));
    }

    /// The eight scales of a super-block that begins with d and dMin and goes on with the packed form.
    ///
    /// @param head its bytes 0 to 7
    /// @param tail its bytes 8 to 15
    public static long scales(long head, long tail) {
        return eight((int) (head >>> 32), (int) (tail >>> 32));
    }

    /// The eight mins.
    public static long mins(MemorySegment source, long at) {
        return eight(Load.intAt(source, at + 4), Load.intAt(source, at + 8) >>> 4);
    }

    /// The eight mins; parameters as for [#scales(long, long)].
    public static long mins(long head, long tail) {
        return eight((int) tail, (int) (tail >>> 32) >>> 4);
    }

    /// One of the eight.
    public static int get(long eight, int j) {
        return (int) (eight >>> (8 * j)) & 0xff;
    }

    /// Packs the scales and mins of a super-block of eight sub-blocks.
    public static void put(MemorySegment target, long at, AffineQuantizer quantized) {
        for (int j = 0; j < 4; j++) {
            int scale = quantized.scale(j + 4);
            int min = quantized.min(j + 4);
            Blocks.putU8(target, at + j, quantized.scale(j) | scale >>> 4 << 6);
            Blocks.putU8(target, at + j + 4, quantized.min(j) | min >>> 4 << 6);
            Blocks.putU8(target, at + j + 8, (scale & 15) | (min & 15) << 4);
        }
    }

    /// @param own    bytes 0 to 3, or 4 to 7
    /// @param others bytes 8 to 11, with the four bits in question lowest
    private static long eight(int own, int others) {
        int later = (others & LOW_4) | (own >>> 2 & BITS_5_4);
        return Integer.toUnsignedLong(own & LOW_6) | (long) later << 32;
    }
}
