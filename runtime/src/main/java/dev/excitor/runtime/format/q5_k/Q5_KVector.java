package dev.excitor.runtime.format.q5_k;

import static dev.excitor.runtime.format.q5_k.Q5_K.BLOCK;
import static dev.excitor.runtime.format.q5_k.Q5_K.BYTES;
import static dev.excitor.runtime.format.q5_k.Q5_K.D_MIN;
import static dev.excitor.runtime.format.q5_k.Q5_K.QH;
import static dev.excitor.runtime.format.q5_k.Q5_K.QS;
import static dev.excitor.runtime.format.q5_k.Q5_K.SCALES;

import dev.excitor.runtime.format.Blocks;
import dev.excitor.runtime.format.VectorKernel;
import dev.excitor.runtime.format.superblock.SixBitScales;
import dev.excitor.runtime.format.superblock.Steps;
import dev.excitor.runtime.vector.Lanes;
import dev.excitor.runtime.vector.Load;
import dev.excitor.runtime.vector.Sum;
import dev.excitor.runtime.vector.Templates;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandles;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/// Portable vector kernel of [Q5_K]: nibbles and fifth bits are put together in registers, a pair of sub-blocks at a
/// time.
public final class Q5_KVector implements VectorKernel {

    private static final Lanes LANES = Templates.lanes(MethodHandles.lookup());
    private static final VectorSpecies<Float> F = LANES.f32();
    private static final VectorSpecies<Integer> I = LANES.i32();
    private static final int N = F.length();

    private static final IntVector FIFTEEN = IntVector.broadcast(I, 15);
    private static final IntVector SIXTEEN = IntVector.broadcast(I, 16);

    public Q5_KVector() {}

    @Override
    public void gemv(MemorySegment weights, int cols, float[] x, int xAt, float[] y, int yAt, int from, int to) {
        int blocks = cols / BLOCK;
        for (int row = from; row < to; row++) {
            VectorKernel.requireNative(weights.isNative());
            long w = (long) row * blocks * BYTES;
            FloatVector low = FloatVector.zero(F);
            FloatVector high = FloatVector.zero(F);
            for (int block = 0; block < blocks; block++) {
                long b = w + (long) block * BYTES;
                int xs = xAt + block * BLOCK;
                // all sixteen bytes in front of the codes: d, dMin, and twelve of scales
                long head = Load.longAt(weights, b);
                long tail = Load.longAt(weights, b + 8);
                float d = Blocks.half((int) head);
                float dMin = Blocks.half((int) head >>> 16);
                long scales = SixBitScales.scales(head, tail);
                long mins = SixBitScales.mins(head, tail);
                int shift = 0;
                for (long q = b + QS; q != b + BYTES; q += 32) {
                    FloatVector lowScale = scale(d, scales, 0);
                    FloatVector lowMin = scale(dMin, mins, 0);
                    FloatVector highScale = scale(d, scales, 1);
                    FloatVector highMin = scale(dMin, mins, 1);
                    for (int i = 0; Steps.before(i, 32, N); i += N) {
                        IntVector two = Load.unsignedBytes(I, weights, q + i);
                        IntVector fifths = fifths(weights, b + QH + i, shift);
                        low = low(two, fifths, lowScale, lowMin).fma(FloatVector.fromArray(F, x, xs + i), low);
                        high = high(two, fifths, highScale, highMin)
                                .fma(FloatVector.fromArray(F, x, xs + i + 32), high);
                    }
                    scales >>>= 16;
                    mins >>>= 16;
                    xs += 64;
                    shift += 2;
                }
            }
            y[yAt + row - from] = Sum.of(low.add(high));
        }
    }

    @Override
    public void decode(MemorySegment source, long at, float[] target, int from, int count) {
        VectorKernel.requireNative(source.isNative());
        for (int block = 0; block < count / BLOCK; block++) {
            long b = at + (long) block * BYTES;
            float d = Blocks.f16(source, b);
            float dMin = Blocks.f16(source, b + D_MIN);
            long scales = SixBitScales.scales(source, b + SCALES);
            long mins = SixBitScales.mins(source, b + SCALES);
            for (int pair = 0; pair < 4; pair++) {
                FloatVector lowScale = scale(d, scales, 2 * pair);
                FloatVector lowMin = scale(dMin, mins, 2 * pair);
                FloatVector highScale = scale(d, scales, 2 * pair + 1);
                FloatVector highMin = scale(dMin, mins, 2 * pair + 1);
                int t = from + block * BLOCK + pair * 64;
                for (int i = 0; i < 32; i += N) {
                    IntVector two = Load.unsignedBytes(I, source, b + QS + pair * 32L + i);
                    IntVector fifths = fifths(source, b + QH + i, 2 * pair);
                    low(two, fifths, lowScale, lowMin).intoArray(target, t + i);
                    high(two, fifths, highScale, highMin).intoArray(target, t + i + 32);
                }
            }
        }
    }

    private static FloatVector scale(float d, long eight, int j) {
        return FloatVector.broadcast(F, d * SixBitScales.get(eight, j));
    }

    /// The fifth bits of a pair's low nibbles are now bit 0, those of its high nibbles bit 1.
    private static IntVector fifths(MemorySegment weights, long qh, int shift) {
        return Load.unsignedBytes(I, weights, qh).lanewise(VectorOperators.LSHR, shift);
    }

    private static FloatVector low(IntVector two, IntVector fifths, FloatVector scale, FloatVector min) {
        return compute(two.and(FIFTEEN), fifths.lanewise(VectorOperators.LSHL, 4), scale, min);
    }

    private static FloatVector high(IntVector two, IntVector fifths, FloatVector scale, FloatVector min) {
        IntVector nibble = two.lanewise(VectorOperators.LSHR, 4);
        return compute(nibble, fifths.lanewise(VectorOperators.LSHL, 3), scale, min);
    }

    private static FloatVector compute(IntVector nibble, IntVector fifth, FloatVector scale, FloatVector min) {
        IntVector code = fifth.and(SIXTEEN).or(nibble);
        return ((FloatVector) code.convert(VectorOperators.I2F, 0)).mul(scale).sub(min);
    }
}
