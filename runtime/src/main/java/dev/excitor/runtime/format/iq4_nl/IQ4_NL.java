package dev.excitor.runtime.format.iq4_nl;

import dev.excitor.runtime.format.Blocks;
import dev.excitor.runtime.format.Format;
import dev.excitor.runtime.format.VectorKernel;
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
    private static final float[] LEVELS = {-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113};

    /// Scales are tried that put the largest number on the lowest level, or up to so many units beside it.
    private static final int TRIES = 7;

    /// Blocks of smaller numbers count as zeros.
    private static final float NOTHING = 1e-15f;

    /// The level that a nibble stands for, here and in IQ4_XS.
    public static int level(int nibble) {
        return (int) LEVELS[nibble];
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

    /// Chooses, among the scales of [#scale], the one of least squared error, each weighed by its own square.
    @Override
    public void encode(float[] source, int from, int count, MemorySegment target, long at) {
        for (int block = 0; block < count / BLOCK; block++) {
            long b = at + (long) block * BYTES;
            int s = from + block * BLOCK;
            float d = scale(source, s);
            float inverse = d == 0 ? 0 : 1 / d;
            Blocks.putF16(target, b, d);
            for (int i = 0; i < 16; i++) {
                int low = d == 0 ? 0 : nearest(source[s + i] * inverse);
                int high = d == 0 ? 0 : nearest(source[s + i + 16] * inverse);
                Blocks.putU8(target, b + QS + i, low | high << 4);
            }
        }
    }

    @Override
    public Optional<Class<? extends VectorKernel>> vectorKernel() {
        return Optional.of(IQ4_NLVector.class);
    }

    /// The levels, for the vector kernel.
    static float[] levels() {
        return LEVELS.clone();
    }

    /// For given levels l the weighted error `sum w (x - d l)^2` is least at `d = sum(w l x) / sum(w l^2)`, and falls
    /// there by `sum(w l x)^2 / sum(w l^2)`: the quantity to make large. The levels come from trial scales.
    private static float scale(float[] source, int from) {
        float largest = Blocks.largest(source, from, BLOCK);
        if (Math.abs(largest) < NOTHING) {
            return 0;
        }
        float scale = 0;
        float gain = 0;
        for (int attempt = -TRIES - 1; attempt <= TRIES; attempt++) {
            // The first attempt puts the largest number on the level at the other end.
            float inverse = attempt < -TRIES ? 1 / (-largest / LEVELS[0]) : (attempt + LEVELS[0]) / largest;
            float along = 0;
            float square = 0;
            for (int i = from; i < from + BLOCK; i++) {
                float level = LEVELS[nearest(inverse * source[i])];
                float weight = source[i] * source[i];
                along += weight * level * source[i];
                square += weight * level * level;
            }
            if (square > 0 && (attempt < -TRIES || along * along > gain * square)) {
                scale = along / square;
                gain = scale * along;
            }
        }
        return scale;
    }

    /// The index of the nearest level; the higher of two that are equally near.
    private static int nearest(float x) {
        int index = 0;
        for (int step = 8; step > 0; step >>= 1) {
            // Twice the number against twice the midpoint of two levels: exact in f32.
            if (x + x >= LEVELS[index + step - 1] + LEVELS[index + step]) {
                index += step;
            }
        }
        return index;
    }
}
