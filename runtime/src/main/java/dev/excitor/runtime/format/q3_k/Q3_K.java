package dev.excitor.runtime.format.q3_k;

import dev.excitor.runtime.format.Blocks;
import dev.excitor.runtime.format.Codec;
import dev.excitor.runtime.format.Format;
import dev.excitor.runtime.format.VectorKernel;
import dev.excitor.runtime.format.superblock.SymmetricQuantizer;
import dev.excitor.runtime.format.superblock.SymmetricQuantizer.Rule;
import java.lang.foreign.MemorySegment;
import java.util.Optional;

/// Three bits with a scale for every 16: 256 numbers in 110 bytes, 3.4375 bits each.
///
/// ```text
///  byte  0            32          64          96            108    110
///        +------------+-----------+-----------+-------------+------+
///        | hmask[32]  | qs[32]    | qs[32]    | scales      | d    |
///        | third bits | half 0    | half 1    | 16 x 6 bits | f16  |
///        +------------+-----------+-----------+-------------+------+
///
///  half h is 128 numbers, four groups g of 32; group g lies in bits 2g + 1, 2g of the half's bytes, its third bits in
///  bit 4h + g of hmask:                                                                                   i < 32
///    number n = 128 h + 32 g + i = d * (scale[n / 16] - 32)
///                                  * ((qs[32 h + i] >>> 2 g & 3) + 4 * (hmask[i] >>> (4 h + g) & 1) - 4)
///
///  the twelve bytes of scales       bits 7 6 5 4               3 2 1 0
///    byte 96 + j    j < 8           bits 3..0 of scale j + 8 | bits 3..0 of scale j
///                                   bits 7 6            5 4          3 2         1 0
///    byte 104 + j   j < 4           bits 5,4 of j + 12 | of j + 8  | of j + 4  | of scale j
/// ```
public final class Q3_K implements Format {

    static final int BLOCK = 256;
    static final int BYTES = 110;
    static final int QS = 32;
    static final int SCALES = 96;
    static final int D = 108;

    private static final int LEVELS = 4;
    private static final int SCALE_LEVELS = 32;
    private static final Rule RULE = Rule.REFINE;

    @Override
    public String name() {
        return "Q3_K";
    }

    @Override
    public int ggmlType() {
        return 11;
    }

    @Override
    public int blockSize() {
        return BLOCK;
    }

    @Override
    public int blockBytes() {
        return BYTES;
    }

    @Override
    public void decode(MemorySegment source, long at, float[] target, int from, int count) {
        for (int block = 0; block < count / BLOCK; block++) {
            long b = at + (long) block * BYTES;
            float d = Blocks.f16(source, b + D);
            for (int n = 0; n < BLOCK; n++) {
                int scale = scale(source, b + SCALES, n / 16);
                int low = Blocks.u8(source, b + QS + byteOf(n)) >>> shiftOf(n) & 3;
                int high = Blocks.u8(source, b + n % 32) >>> (n / 32) & 1;
                target[from + block * BLOCK + n] = d * scale * ((low | high << 2) - 4);
            }
        }
    }

    /// Eight scales, each 32 too large, as the bytes of a long: those of sub-blocks 0 to 7, or of 8 to 15 where both
    /// parameters come four bits further to the right.
    ///
    /// @param eight bytes 0 to 7 of the packed scales
    /// @param four  bytes 8 to 11
    static long scales(long eight, int four) {
        long high = (four & 0x03030303) | (long) (four >>> 2 & 0x03030303) << 32;
        return (eight & 0x0f0f0f0f0f0f0f0fL) | high << 4;
    }

    /// Scale j of a super-block, with its sign.
    static int scale(MemorySegment source, long scales, int j) {
        int low = Blocks.u8(source, scales + (j & 7)) >>> ((j >> 3) * 4) & 15;
        int high = Blocks.u8(source, scales + 8 + (j & 3)) >>> ((j >> 2) * 2) & 3;
        return (low | high << 4) - 32;
    }

    @Override
    public void encode(float[] source, int from, int count, MemorySegment target, long at) {
        encode(SymmetricQuantizer.scalar(LEVELS, SCALE_LEVELS, RULE), source, from, count, target, at);
    }

    @Override
    public Codec.Encoder encoder(int bits) {
        SymmetricQuantizer quantizer = SymmetricQuantizer.vector(LEVELS, SCALE_LEVELS, RULE, bits);
        return (source, from, count, target, at) -> encode(quantizer, source, from, count, target, at);
    }

    private static void encode(
            SymmetricQuantizer quantizer, float[] source, int from, int count, MemorySegment target, long at) {
        for (int block = 0; block < count / BLOCK; block++) {
            MemorySegment bytes =
                    target.asSlice(at + (long) block * BYTES, BYTES).fill((byte) 0);
            if (!quantizer.quantize(source, from + block * BLOCK)) {
                continue;
            }
            Blocks.putF16(bytes, D, quantizer.d());
            for (int j = 0; j < 16; j++) {
                int scale = quantizer.scale(j) + 32;
                Blocks.orU8(bytes, SCALES + j % 8, (scale & 15) << (j / 8 * 4));
                Blocks.orU8(bytes, SCALES + 8 + j % 4, scale >>> 4 << (j / 4 * 2));
            }
            for (int n = 0; n < BLOCK; n++) {
                int code = quantizer.code(n) + 4;
                Blocks.orU8(bytes, n % 32, code >>> 2 << (n / 32));
                Blocks.orU8(bytes, QS + byteOf(n), (code & 3) << shiftOf(n));
            }
        }
    }

    /// Which byte of qs holds number n.
    private static int byteOf(int n) {
        return n / 128 * 32 + n % 32;
    }

    private static int shiftOf(int n) {
        return n / 32 % 4 * 2;
    }

    @Override
    public Optional<Class<? extends VectorKernel>> vectorKernel() {
        return Optional.of(Q3_KVector.class);
    }
}
