package dev.excitor.runtime.format.q4_1;

import dev.excitor.runtime.format.Blocks;
import dev.excitor.runtime.format.Format;
import dev.excitor.runtime.format.VectorKernel;
import java.lang.foreign.MemorySegment;
import java.util.Optional;

/// Four bits, a scale and a minimum: 32 numbers in 20 bytes, 5 bits each.
///
/// ```text
///  byte  0      2      4                                   20
///        +------+------+-----------------------------------+
///        | d    | m    | qs[16]                            |    number i      = d * (qs[i]    & 15) + m   i < 16
///        | f16  | f16  | low nibbles 0..15, high 16..31    |    number i + 16 = d * (qs[i] >>> 4) + m
///        +------+------+-----------------------------------+
/// ```
public final class Q4_1 implements Format {

    static final int BLOCK = 32;
    static final int BYTES = 20;
    static final int M = 2;
    static final int QS = 4;

    @Override
    public String name() {
        return "Q4_1";
    }

    @Override
    public int ggmlType() {
        return 3;
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
            int t = from + block * BLOCK;
            float d = Blocks.f16(source, b);
            float m = Blocks.f16(source, b + M);
            for (int i = 0; i < 16; i++) {
                int q = Blocks.u8(source, b + QS + i);
                target[t + i] = d * (q & 15) + m;
                target[t + i + 16] = d * (q >>> 4) + m;
            }
        }
    }

    /// The smallest number becomes 0 and the largest 15.
    @Override
    public void encode(float[] source, int from, int count, MemorySegment target, long at) {
        for (int block = 0; block < count / BLOCK; block++) {
            long b = at + (long) block * BYTES;
            int s = from + block * BLOCK;
            float min = Blocks.min(source, s, BLOCK);
            float d = (Blocks.max(source, s, BLOCK) - min) / 15;
            float inverse = d == 0 ? 0 : 1 / d;
            Blocks.putF16(target, b, d);
            Blocks.putF16(target, b + M, min);
            for (int i = 0; i < 16; i++) {
                int low = Math.min(15, (int) ((source[s + i] - min) * inverse + 0.5f));
                int high = Math.min(15, (int) ((source[s + i + 16] - min) * inverse + 0.5f));
                Blocks.putU8(target, b + QS + i, low | high << 4);
            }
        }
    }

    @Override
    public Optional<Class<? extends VectorKernel>> vectorKernel() {
        return Optional.of(Q4_1Vector.class);
    }
}
