package dev.excitor.runtime.format.iq4_nl;

import dev.excitor.runtime.format.Blocks;
import dev.excitor.runtime.format.Codec;
import dev.excitor.runtime.format.Format;
import dev.excitor.runtime.format.VectorKernel;
import dev.excitor.runtime.format.superblock.Codebook;
import java.lang.foreign.MemorySegment;
import java.util.Optional;

/// Four bits that name one of sixteen uneven levels, and a scale: 32 numbers in 18 bytes, 4.5 bits each.
///
/// ```text
///  byte  0      2                                   18
///        +------+-----------------------------------+
///        | d    | qs[16]                            |    number i      = d * LEVELS[qs[i]    & 15]   i < 16
///        | f16  | low nibbles 0..15, high 16..31    |    number i + 16 = d * LEVELS[qs[i] >>> 4]
///        +------+-----------------------------------+
/// ```
///
/// The levels lie closer together near zero, where most weights are.
public final class IQ4_NL implements Format {

    static final int BLOCK = 32;
    static final int BYTES = 18;
    static final int QS = 2;

    /// The levels, a part of the format; rising.
    private static final byte[] LEVELS = {-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113};

    /// Blocks whose scales are searched together: as many as the widest vectors have lanes.
    private static final int TOGETHER = 16;

    /// The level that a nibble stands for, here and in IQ4_XS.
    public static int level(int nibble) {
        return LEVELS[nibble];
    }

    @Override
    public String name() {
        return "IQ4_NL";
    }

    @Override
    public int ggmlType() {
        return 20;
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
                target[t + i] = d * LEVELS[q & 15];
                target[t + i + 16] = d * LEVELS[q >>> 4];
            }
        }
    }

    /// Chooses, among sixteen scales, the one of least squared error, each weighed by its own square.
    @Override
    public void encode(float[] source, int from, int count, MemorySegment target, long at) {
        new BlockEncoder(Codebook.scalar()).encode(source, from, count, target, at);
    }

    @Override
    public Codec.Encoder encoder(int bits) {
        return new BlockEncoder(Codebook.vector(bits));
    }

    /// Encodes with one search or another.
    private static final class BlockEncoder implements Codec.Encoder {

        private final Codebook codebook;
        private final float[] scratch = new float[Codebook.SCRATCH];
        private final float[] scales = new float[TOGETHER];
        private final int[] codes = new int[BLOCK];

        BlockEncoder(Codebook codebook) {
            this.codebook = codebook;
        }

        @Override
        public void encode(float[] source, int from, int count, MemorySegment target, long at) {
            for (int block = 0; block < count / BLOCK; block++) {
                int s = from + block * BLOCK;
                if (block % TOGETHER == 0) {
                    int blocks = Math.min(TOGETHER, count / BLOCK - block);
                    codebook.search(source, s, blocks, LEVELS, scratch, scales);
                }
                encode(source, s, scales[block % TOGETHER], target, at + (long) block * BYTES);
            }
        }

        private void encode(float[] source, int from, float d, MemorySegment target, long b) {
            codebook.round(source, from, d == 0 ? 0 : 1 / d, LEVELS, codes);
            Blocks.putF16(target, b, d);
            for (int i = 0; i < 16; i++) {
                Blocks.putU8(target, b + QS + i, codes[i] | codes[i + 16] << 4);
            }
        }
    }

    @Override
    public Optional<Class<? extends VectorKernel>> vectorKernel() {
        return Optional.of(IQ4_NLVector.class);
    }

    /// The levels, for the vector kernel.
    static float[] levels() {
        float[] levels = new float[LEVELS.length];
        for (int i = 0; i < levels.length; i++) {
            levels[i] = LEVELS[i];
        }
        return levels;
    }
}
