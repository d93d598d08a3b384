package dev.excitor.runtime.format.q2_k;

import dev.excitor.runtime.format.Blocks;
import dev.excitor.runtime.format.Codec;
import dev.excitor.runtime.format.Format;
import dev.excitor.runtime.format.VectorKernel;
import dev.excitor.runtime.format.superblock.AffineQuantizer;
import dev.excitor.runtime.format.superblock.AffineRule;
import dev.excitor.runtime.format.superblock.AffineRule.Penalty;
import java.lang.foreign.MemorySegment;
import java.util.Optional;

/// Two bits with a scale and a minimum for every 16: 256 numbers in 84 bytes, 2.625 bits each.
///
/// ```text
///  byte  0                16          48          80     82     84
///        +----------------+-----------+-----------+------+------+
///        | scales[16]     | qs[32]    | qs[32]    | d    | dmin |
///        | scale | min<<4 | half 0    | half 1    | f16  | f16  |
///        +----------------+-----------+-----------+------+------+
///
///  half h is 128 numbers, four groups g of 32; group g lies in bits 2g + 1, 2g of the half's bytes:      i < 32
///    number n = 128 h + 32 g + i = d * (scales[n / 16] & 15) * (qs[32 h + i] >>> 2 g & 3)
///                                  - dmin * (scales[n / 16] >>> 4)
/// ```
public final class Q2_K implements Format {

    static final int BLOCK = 256;
    static final int BYTES = 84;
    static final int QS = 16;
    static final int D = 80;
    static final int D_MIN = 82;

    private static final AffineRule RULE = new AffineRule(16, 3, 15, -0.5f, 15, Penalty.ABSOLUTE);

    @Override
    public String name() {
        return "Q2_K";
    }

    @Override
    public int ggmlType() {
        return 10;
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
            float dMin = Blocks.f16(source, b + D_MIN);
            for (int n = 0; n < BLOCK; n++) {
                int scales = Blocks.u8(source, b + n / 16);
                int code = Blocks.u8(source, b + QS + byteOf(n)) >>> shiftOf(n) & 3;
                target[from + block * BLOCK + n] = d * (scales & 15) * code - dMin * (scales >>> 4);
            }
        }
    }

    @Override
    public void encode(float[] source, int from, int count, MemorySegment target, long at) {
        encode(AffineQuantizer.scalar(RULE), source, from, count, target, at);
    }

    @Override
    public Codec.Encoder encoder(int bits) {
        AffineQuantizer quantizer = AffineQuantizer.vector(RULE, bits);
        return (source, from, count, target, at) -> encode(quantizer, source, from, count, target, at);
    }

    private static void encode(
            AffineQuantizer quantizer, float[] source, int from, int count, MemorySegment target, long at) {
        for (int block = 0; block < count / BLOCK; block++) {
            MemorySegment bytes =
                    target.asSlice(at + (long) block * BYTES, BYTES).fill((byte) 0);
            quantizer.quantize(source, from + block * BLOCK);
            for (int j = 0; j < 16; j++) {
                Blocks.putU8(bytes, j, quantizer.scale(j) | quantizer.min(j) << 4);
            }
            for (int n = 0; n < BLOCK; n++) {
                Blocks.orU8(bytes, QS + byteOf(n), quantizer.code(n) << shiftOf(n));
            }
            Blocks.putF16(bytes, D, quantizer.d());
            Blocks.putF16(bytes, D_MIN, quantizer.dMin());
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
        return Optional.of(Q2_KVector.class);
    }
}
