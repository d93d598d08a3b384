package dev.excitor.runtime.format.q4_0;

import dev.excitor.runtime.format.Blocks;
import dev.excitor.runtime.format.Codec;
import dev.excitor.runtime.format.Format;
import dev.excitor.runtime.format.VectorKernel;
import dev.excitor.runtime.vector.Lanes;
import dev.excitor.runtime.vector.Templates;
import java.lang.foreign.MemorySegment;
import java.util.Optional;

/// Four bits and a scale: 32 numbers in 18 bytes, 4.5 bits each.
///
/// ```text
///  byte  0      2                                   18
///        +------+-----------------------------------+
///        | d    | qs[16]                            |    number i      = d * ((qs[i]    & 15) - 8)   i < 16
///        | f16  | low nibbles 0..15, high 16..31    |    number i + 16 = d * ((qs[i] >>> 4) - 8)
///        +------+-----------------------------------+
/// ```
public final class Q4_0 implements Format {

    static final int BLOCK = 32;
    static final int BYTES = 18;
    static final int QS = 2;

    @Override
    public String name() {
        return "Q4_0";
    }

    @Override
    public int ggmlType() {
        return 2;
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
            for (int i = 0; i < 16; i++) {
                int q = Blocks.u8(source, b + QS + i);
                target[t + i] = d * ((q & 15) - 8);
                target[t + i + 16] = d * ((q >>> 4) - 8);
            }
        }
    }

    /// The number of largest magnitude becomes -8, so that the scale takes its sign.
    @Override
    public void encode(float[] source, int from, int count, MemorySegment target, long at) {
        for (int block = 0; block < count / BLOCK; block++) {
            long b = at + (long) block * BYTES;
            int s = from + block * BLOCK;
            float d = Blocks.largest(source, s, BLOCK) / -8;
            float inverse = d == 0 ? 0 : 1 / d;
            Blocks.putF16(target, b, d);
            for (int i = 0; i < 16; i++) {
                int low = Math.min(15, (int) (source[s + i] * inverse + 8.5f));
                int high = Math.min(15, (int) (source[s + i + 16] * inverse + 8.5f));
                Blocks.putU8(target, b + QS + i, low | high << 4);
            }
        }
    }

    @Override
    public Codec.Encoder encoder(int bits) {
        return Templates.instantiate(Q4_0Encoder.class, Codec.Encoder.class, Lanes.ofBits(bits));
    }

    @Override
    public Optional<Class<? extends VectorKernel>> vectorKernel() {
        return Optional.of(Q4_0Vector.class);
    }
}
