package dev.excitor.runtime.format.q5_1;

import dev.excitor.runtime.format.Blocks;
import dev.excitor.runtime.format.Format;
import dev.excitor.runtime.format.VectorKernel;
import java.lang.foreign.MemorySegment;
import java.util.Optional;

/// Five bits, a scale and a minimum: 32 numbers in 24 bytes, 6 bits each. The fifth bits lie together in one word.
///
/// ```text
///  byte  0      2      4             8                                   24
///        +------+------+-------------+-----------------------------------+
///        | d    | m    | qh          | qs[16]                            |    q(i)      = qs[i]    & 15 | bit i
/// of qh << 4
///        | f16  | f16  | fifth bits  | low nibbles 0..15, high 16..31    |    q(i + 16) = qs[i] >>> 4   | bit i + 16
/// of qh << 4
///        +------+------+-------------+-----------------------------------+    number i  = d * q(i) + m
/// ```
public final class Q5_1 implements Format {

    static final int BLOCK = 32;
    static final int BYTES = 24;
    static final int M = 2;
    static final int QH = 4;
    static final int QS = 8;

    @Override
    public String name() {
        return "Q5_1";
    }

    @Override
    public int ggmlType() {
        return 7;
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
            int qh = Blocks.i32(source, b + QH);
            for (int i = 0; i < 16; i++) {
                int q = Blocks.u8(source, b + QS + i);
                target[t + i] = d * ((q & 15) | ((qh >>> i) & 1) << 4) + m;
                target[t + i + 16] = d * (q >>> 4 | ((qh >>> (i + 16)) & 1) << 4) + m;
            }
        }
    }

    /// The smallest number becomes 0 and the largest 31.
    @Override
    public void encode(float[] source, int from, int count, MemorySegment target, long at) {
        for (int block = 0; block < count / BLOCK; block++) {
            long b = at + (long) block * BYTES;
            int s = from + block * BLOCK;
            float min = Blocks.min(source, s, BLOCK);
            float d = (Blocks.max(source, s, BLOCK) - min) / 31;
            float inverse = d == 0 ? 0 : 1 / d;
            int qh = 0;
            for (int i = 0; i < 16; i++) {
                int low = Math.min(31, (int) ((source[s + i] - min) * inverse + 0.5f));
                int high = Math.min(31, (int) ((source[s + i + 16] - min) * inverse + 0.5f));
                Blocks.putU8(target, b + QS + i, (low & 15) | (high & 15) << 4);
                qh |= (low >>> 4) << i | (high >>> 4) << (i + 16);
            }
            Blocks.putF16(target, b, d);
            Blocks.putF16(target, b + M, min);
            Blocks.putI32(target, b + QH, qh);
        }
    }

    @Override
    public Optional<Class<? extends VectorKernel>> vectorKernel() {
        return Optional.of(Q5_1Vector.class);
    }
}
