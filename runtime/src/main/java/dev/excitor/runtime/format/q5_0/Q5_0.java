package dev.excitor.runtime.format.q5_0;

import dev.excitor.runtime.format.Blocks;
import dev.excitor.runtime.format.Format;
import dev.excitor.runtime.format.VectorKernel;
import java.lang.foreign.MemorySegment;
import java.util.Optional;

/// Five bits and a scale: 32 numbers in 22 bytes, 5.5 bits each. The fifth bits lie together in one word.
///
/// ```text
///  byte  0      2             6                                   22
///        +------+-------------+-----------------------------------+
///        | d    | qh          | qs[16]                            |    q(i)      = qs[i]    & 15 | bit i      of qh <<
/// 4
///        | f16  | fifth bits  | low nibbles 0..15, high 16..31    |    q(i + 16) = qs[i] >>> 4   | bit i + 16 of qh <<
/// 4
///        +------+-------------+-----------------------------------+    number i  = d * (q(i) - 16)
/// ```
public final class Q5_0 implements Format {

    static final int BLOCK = 32;
    static final int BYTES = 22;
    static final int QH = 2;
    static final int QS = 6;

    @Override
    public String name() {
        return "Q5_0";
    }

    @Override
    public int ggmlType() {
        return 6;
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
            int qh = Blocks.i32(source, b + QH);
            for (int i = 0; i < 16; i++) {
                int q = Blocks.u8(source, b + QS + i);
                target[t + i] = d * (((q & 15) | ((qh >>> i) & 1) << 4) - 16);
                target[t + i + 16] = d * ((q >>> 4 | ((qh >>> (i + 16)) & 1) << 4) - 16);
            }
        }
    }

    /// The number of largest magnitude becomes -16, so that the scale takes its sign.
    @Override
    public void encode(float[] source, int from, int count, MemorySegment target, long at) {
        for (int block = 0; block < count / BLOCK; block++) {
            long b = at + (long) block * BYTES;
            int s = from + block * BLOCK;
            float d = Blocks.largest(source, s, BLOCK) / -16;
            float inverse = d == 0 ? 0 : 1 / d;
            int qh = 0;
            for (int i = 0; i < 16; i++) {
                int low = Math.clamp((int) (source[s + i] * inverse + 16.5f), 0, 31);
                int high = Math.clamp((int) (source[s + i + 16] * inverse + 16.5f), 0, 31);
                Blocks.putU8(target, b + QS + i, (low & 15) | (high & 15) << 4);
                qh |= (low >>> 4) << i | (high >>> 4) << (i + 16);
            }
            Blocks.putF16(target, b, d);
            Blocks.putI32(target, b + QH, qh);
        }
    }

    @Override
    public Optional<Class<? extends VectorKernel>> vectorKernel() {
        return Optional.of(Q5_0Vector.class);
    }
}
