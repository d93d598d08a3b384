package dev.excitor.runtime.format.iq4_xs;

import dev.excitor.runtime.format.Blocks;
import dev.excitor.runtime.format.Codec;
import dev.excitor.runtime.format.Format;
import dev.excitor.runtime.format.VectorKernel;
import dev.excitor.runtime.format.superblock.Codebook;
import dev.excitor.runtime.format.superblock.ScaleSearch;
import java.lang.foreign.MemorySegment;
import java.util.Optional;

/// Four bits that stand for sixteen unevenly spaced values, with a scale for every 32: 256 numbers in 136 bytes, 4.25
/// bits each.
///
/// ```text
///  byte  0      2           4           8                                          136
///        +------+-----------+-----------+----------+----------+-------+------------+
///        | d    | high bits | low bits  | qs[16]   | qs[16]   |  ...  | qs[16]     |
///        | f16  | of scales | of scales | sub-     | sub-     |       | sub-       |
///        |      | 8 x 2     | 8 x 4     | block 0  | block 1  |       | block 7    |
///        +------+-----------+-----------+----------+----------+-------+------------+
///
///  scale j < 8 = bits 4j + 3..4j of the u32 at byte 4, and above them bits 2j + 1, 2j of the u16 at byte 2
///
///  number 32 j + i      = d * (scale[j] - 32) * VALUES[qs[16 j + i]  & 15]      i < 16
///  number 32 j + 16 + i = d * (scale[j] - 32) * VALUES[qs[16 j + i] >>> 4]
/// ```
public final class IQ4_XS implements Format {

    static final int BLOCK = 256;
    static final int BYTES = 136;
    static final int SCALES_HIGH = 2;
    static final int SCALES_LOW = 4;
    static final int QS = 8;

    private static final int SUB_BLOCK = 32;

    /// Denser round zero, where most numbers are. The same as IQ4_NL's.
    private static final byte[] VALUES = {-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113};

    @Override
    public String name() {
        return "IQ4_XS";
    }

    @Override
    public int ggmlType() {
        return 23;
    }

    @Override
    public int blockSize() {
        return BLOCK;
    }

    @Override
    public int blockBytes() {
        return BYTES;
    }

    /// What the sixteen codes stand for.
    static byte[] values() {
        return VALUES.clone();
    }

    /// Scale j of a super-block, with its sign.
    static int scale(int high, int low, int j) {
        return ((low >>> (4 * j) & 15) | (high >>> (2 * j) & 3) << 4) - 32;
    }

    @Override
    public void decode(MemorySegment source, long at, float[] target, int from, int count) {
        for (int block = 0; block < count / BLOCK; block++) {
            long b = at + (long) block * BYTES;
            float d = Blocks.f16(source, b);
            int high = Blocks.u16(source, b + SCALES_HIGH);
            int low = Blocks.i32(source, b + SCALES_LOW);
            for (int j = 0; j < BLOCK / SUB_BLOCK; j++) {
                float scale = d * scale(high, low, j);
                int t = from + block * BLOCK + j * SUB_BLOCK;
                for (int i = 0; i < 16; i++) {
                    int q = Blocks.u8(source, b + QS + j * 16L + i);
                    target[t + i] = scale * VALUES[q & 15];
                    target[t + i + 16] = scale * VALUES[q >>> 4];
                }
            }
        }
    }

    /// The scale of largest magnitude becomes -32 and fixes d; the codes are then chosen for the rounded scales.
    @Override
    public void encode(float[] source, int from, int count, MemorySegment target, long at) {
        new BlockEncoder(Codebook.scalar()).encode(source, from, count, target, at);
    }

    /// No more lanes are used than there are sub-blocks.
    @Override
    public Codec.Encoder encoder(int bits) {
        return new BlockEncoder(Codebook.vector(Math.min(bits, Float.SIZE * BLOCK / SUB_BLOCK)));
    }

    /// Encodes with one search or another.
    private static final class BlockEncoder implements Codec.Encoder {

        private final Codebook codebook;
        private final float[] scratch = new float[Codebook.SCRATCH];
        private final float[] exactScales = new float[BLOCK / SUB_BLOCK];
        private final int[] codes = new int[SUB_BLOCK];

        BlockEncoder(Codebook codebook) {
            this.codebook = codebook;
        }

        @Override
        public void encode(float[] source, int from, int count, MemorySegment target, long at) {
            for (int block = 0; block < count / BLOCK; block++) {
                encode(source, from + block * BLOCK, target, at + (long) block * BYTES);
            }
        }

        private void encode(float[] source, int from, MemorySegment target, long b) {
            codebook.search(source, from, exactScales.length, VALUES, scratch, exactScales);
            float d = Blocks.largest(exactScales, 0, exactScales.length) / -32;
            float inverse = d == 0 ? 0 : 1 / d;
            int high = 0;
            int low = 0;
            for (int j = 0; j < exactScales.length; j++) {
                int scale = ScaleSearch.nearest(inverse * exactScales[j], -32, 31);
                low |= ((scale + 32) & 15) << (4 * j);
                high |= ((scale + 32) >>> 4) << (2 * j);
                codes(source, from + j * SUB_BLOCK, d * scale, target, b + QS + j * 16L);
            }
            Blocks.putF16(target, b, d);
            Blocks.putU16(target, b + SCALES_HIGH, high);
            Blocks.putI32(target, b + SCALES_LOW, low);
        }

        private void codes(float[] source, int from, float scale, MemorySegment target, long qs) {
            codebook.round(source, from, scale == 0 ? 0 : 1 / scale, VALUES, codes);
            for (int i = 0; i < 16; i++) {
                Blocks.putU8(target, qs + i, codes[i] | codes[i + 16] << 4);
            }
        }
    }

    @Override
    public Optional<Class<? extends VectorKernel>> vectorKernel() {
        return Optional.of(IQ4_XSVector.class);
    }
}
