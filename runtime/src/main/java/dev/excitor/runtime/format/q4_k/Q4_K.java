package dev.excitor.runtime.format.q4_k;

import dev.excitor.runtime.format.Blocks;
import dev.excitor.runtime.format.Codec;
import dev.excitor.runtime.format.Format;
import dev.excitor.runtime.format.VectorKernel;
import dev.excitor.runtime.format.superblock.AffineQuantizer;
import dev.excitor.runtime.format.superblock.AffineRule;
import dev.excitor.runtime.format.superblock.AffineRule.Penalty;
import dev.excitor.runtime.format.superblock.SixBitScales;
import java.lang.foreign.MemorySegment;
import java.util.Optional;

/// Four bits with a scale and a minimum for every 32: 256 numbers in 144 bytes, 4.5 bits each.
///
/// ```text
///  byte  0      2      4                 16                                        144
///        +------+------+-----------------+---------+---------+---------+---------+
///        | d    | dmin | scales and mins | qs[32]  | qs[32]  | qs[32]  | qs[32]  |
///        | f16  | f16  | 8 x 6, 8 x 6    | pair 0  | pair 1  | pair 2  | pair 3  |
///        +------+------+-----------------+---------+---------+---------+---------+
///
///  pair p holds sub-blocks 2p and 2p + 1, the numbers 64 p + i and 64 p + 32 + i:
///    number 64 p + i      = d * scale[2p]     * (qs[32 p + i]  & 15) - dmin * min[2p]          i < 32
///    number 64 p + 32 + i = d * scale[2p + 1] * (qs[32 p + i] >>> 4) - dmin * min[2p + 1]
/// ```
///
/// [SixBitScales] draws the twelve bytes of scales and mins.
public final class Q4_K implements Format {

    static final int BLOCK = 256;
    static final int BYTES = 144;
    static final int D_MIN = 2;
    static final int SCALES = 4;
    static final int QS = SCALES + SixBitScales.BYTES;

    private static final AffineRule RULE = new AffineRule(32, 15, 63, -1f, 20, Penalty.SQUARED);

    @Override
    public String name() {
        return "Q4_K";
    }

    @Override
    public int ggmlType() {
        return 12;
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
            float d = Blocks.f16(source, b);
            float dMin = Blocks.f16(source, b + D_MIN);
            long scales = SixBitScales.scales(source, b + SCALES);
            long mins = SixBitScales.mins(source, b + SCALES);
            for (int j = 0; j < 8; j++) {
                float scale = d * SixBitScales.get(scales, j);
                float min = dMin * SixBitScales.get(mins, j);
                long qs = b + QS + j / 2 * 32L;
                int shift = j % 2 * 4;
                int t = from + block * BLOCK + j * 32;
                for (int i = 0; i < 32; i++) {
                    target[t + i] = scale * (Blocks.u8(source, qs + i) >>> shift & 15) - min;
                }
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
            long b = at + (long) block * BYTES;
            quantizer.quantize(source, from + block * BLOCK);
            Blocks.putF16(target, b, quantizer.d());
            Blocks.putF16(target, b + D_MIN, quantizer.dMin());
            SixBitScales.put(target, b + SCALES, quantizer);
            for (int i = 0; i < BLOCK / 2; i++) {
                int low = i / 32 * 64 + i % 32;
                Blocks.putU8(target, b + QS + i, quantizer.code(low) | quantizer.code(low + 32) << 4);
            }
        }
    }

    @Override
    public Optional<Class<? extends VectorKernel>> vectorKernel() {
        return Optional.of(Q4_KVector.class);
    }
}
