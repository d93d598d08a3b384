package dev.excitor.runtime.format.q6_k;

import dev.excitor.runtime.format.Blocks;
import dev.excitor.runtime.format.Codec;
import dev.excitor.runtime.format.Format;
import dev.excitor.runtime.format.VectorKernel;
import dev.excitor.runtime.format.superblock.SymmetricQuantizer;
import dev.excitor.runtime.format.superblock.SymmetricQuantizer.Rule;
import java.lang.foreign.MemorySegment;
import java.util.Optional;

/// Six bits with a scale for every 16: 256 numbers in 210 bytes, 6.5625 bits each.
///
/// ```text
///  byte  0             64            128         160         192             208    210
///        +-------------+-------------+-----------+-----------+---------------+------+
///        | ql[64]      | ql[64]      | qh[32]    | qh[32]    | scales[16]    | d    |
///        | half 0      | half 1      | half 0    | half 1    | i8            | f16  |
///        +-------------+-------------+-----------+-----------+---------------+------+
///
///  half h is 128 numbers, four groups g of 32; number 128 h + 32 g + i has six bits:      i < 32
///
///    g   bits 3..0                      bits 5,4
///    0   ql[64 h + i]       & 15        qh[32 h + i]       & 3
///    1   ql[64 h + 32 + i]  & 15        qh[32 h + i] >>> 2 & 3
///    2   ql[64 h + i]      >>> 4        qh[32 h + i] >>> 4 & 3
///    3   ql[64 h + 32 + i] >>> 4        qh[32 h + i] >>> 6
///
///  number n = d * scales[n / 16] * (bits - 32)
/// ```
public final class Q6_K implements Format {

    static final int BLOCK = 256;
    static final int BYTES = 210;
    static final int QH = 128;
    static final int SCALES = 192;
    static final int D = 208;

    private static final int LEVELS = 32;
    private static final int SCALE_LEVELS = 128;
    private static final Rule RULE = Rule.SWEEP;

    @Override
    public String name() {
        return "Q6_K";
    }

    @Override
    public int ggmlType() {
        return 14;
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
                int low = Blocks.u8(source, b + lowAt(n)) >>> lowShift(n) & 15;
                int high = Blocks.u8(source, b + highAt(n)) >>> highShift(n) & 3;
                float scale = d * Blocks.i8(source, b + SCALES + n / 16);
                target[from + block * BLOCK + n] = scale * ((low | high << 4) - 32);
            }
        }
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
                Blocks.putU8(bytes, SCALES + j, quantizer.scale(j));
            }
            for (int n = 0; n < BLOCK; n++) {
                int code = quantizer.code(n) + 32;
                Blocks.orU8(bytes, lowAt(n), (code & 15) << lowShift(n));
                Blocks.orU8(bytes, highAt(n), code >>> 4 << highShift(n));
            }
        }
    }

    private static int lowAt(int n) {
        return n / 128 * 64 + n % 64;
    }

    private static int lowShift(int n) {
        return n / 64 % 2 * 4;
    }

    private static int highAt(int n) {
        return QH + n / 128 * 32 + n % 32;
    }

    private static int highShift(int n) {
        return n / 32 % 4 * 2;
    }

    @Override
    public Optional<Class<? extends VectorKernel>> vectorKernel() {
        return Optional.of(Q6_KVector.class);
    }
}
