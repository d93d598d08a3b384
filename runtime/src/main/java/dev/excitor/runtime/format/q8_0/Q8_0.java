package dev.excitor.runtime.format.q8_0;

import dev.excitor.runtime.format.Blocks;
import dev.excitor.runtime.format.Codec;
import dev.excitor.runtime.format.Format;
import dev.excitor.runtime.format.VectorKernel;
import dev.excitor.runtime.vector.Lanes;
import dev.excitor.runtime.vector.Templates;
import java.lang.foreign.MemorySegment;
import java.util.Optional;

/// Eight bits and a scale: 32 numbers in 34 bytes, 8.5 bits each.
///
/// ```text
///  byte  0      2                                   34
///        +------+-----------------------------------+
///        | d    | qs[32]                            |    number i = d * qs[i]
///        | f16  | signed bytes                      |
///        +------+-----------------------------------+
/// ```
public final class Q8_0 implements Format {

    static final int BLOCK = 32;
    static final int BYTES = 34;
    static final int QS = 2;

    @Override
    public String name() {
        return "Q8_0";
    }

    @Override
    public int ggmlType() {
        return 8;
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
            for (int i = 0; i < BLOCK; i++) {
                target[t + i] = d * Blocks.i8(source, b + QS + i);
            }
        }
    }

    /// The largest magnitude becomes 127; halves are rounded away from zero.
    @Override
    public void encode(float[] source, int from, int count, MemorySegment target, long at) {
        for (int block = 0; block < count / BLOCK; block++) {
            long b = at + (long) block * BYTES;
            int s = from + block * BLOCK;
            float d = Math.abs(Blocks.largest(source, s, BLOCK)) / 127;
            float inverse = d == 0 ? 0 : 1 / d;
            Blocks.putF16(target, b, d);
            for (int i = 0; i < BLOCK; i++) {
                Blocks.putU8(target, b + QS + i, Blocks.round(source[s + i] * inverse));
            }
        }
    }

    @Override
    public Codec.Encoder encoder(int bits) {
        return Templates.instantiate(Q8_0Encoder.class, Codec.Encoder.class, Lanes.ofBits(bits));
    }

    @Override
    public Optional<Class<? extends VectorKernel>> vectorKernel() {
        return Optional.of(Q8_0Vector.class);
    }
}
