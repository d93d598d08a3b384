package dev.excitor.runtime.format.q6_k;

import static dev.excitor.runtime.format.q6_k.Q6_K.BLOCK;
import static dev.excitor.runtime.format.q6_k.Q6_K.BYTES;
import static dev.excitor.runtime.format.q6_k.Q6_K.D;
import static dev.excitor.runtime.format.q6_k.Q6_K.QH;
import static dev.excitor.runtime.format.q6_k.Q6_K.SCALES;

import dev.excitor.runtime.format.Blocks;
import dev.excitor.runtime.format.VectorKernel;
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

/// Portable vector kernel of [Q6_K]: for every sixteen positions of a half, the four numbers that share their high bits
/// are put together in registers.
public final class Q6_KVector implements VectorKernel {

    private static final Lanes LANES = Templates.lanes(MethodHandles.lookup());
    private static final VectorSpecies<Float> F = LANES.f32();
    private static final VectorSpecies<Integer> I = LANES.i32();
    private static final int N = F.length();

    private static final IntVector FIFTEEN = IntVector.broadcast(I, 15);
    private static final IntVector PAIR = IntVector.broadcast(I, 0x30);
    private static final IntVector MID = IntVector.broadcast(I, 32);

    public Q6_KVector() {}

    @Override
    public void gemv(MemorySegment weights, int cols, float[] x, int xAt, float[] y, int yAt, int from, int to) {
        int blocks = cols / BLOCK;
        for (int row = from; row < to; row++) {
            VectorKernel.requireNative(weights.isNative());
            long w = (long) row * blocks * BYTES;
            FloatVector sum = FloatVector.zero(F);
            for (int block = 0; block < blocks; block++) {
                long b = w + (long) block * BYTES;
                int xs = xAt + block * BLOCK;
                FloatVector products = FloatVector.zero(F);
                for (long ql = b; ql != b + QH; ql += 16) {
                    int run = (int) (ql - b) >> 4;
                    int half = run >> 2;
                    long qh = b + QH + half * 32L + (run & 1) * 16L;
                    int column = xs + (run + half * 4) * 16;
                    FloatVector low = FloatVector.zero(F);
                    FloatVector high = FloatVector.zero(F);
                    for (int i = 0; Steps.before(i, 16, N); i += N) {
                        IntVector nibbles = Load.unsignedBytes(I, weights, ql + i);
                        IntVector pairs = pairs(weights, qh + i, run);
                        low = low(nibbles, pairs).fma(FloatVector.fromArray(F, x, column + i), low);
                        high = high(nibbles, pairs).fma(FloatVector.fromArray(F, x, column + i + 64), high);
                    }
                    long scales = Load.longAt(weights, b + SCALES + half * 8L) >>> ((run & 3) * 8);
                    products = low.fma(FloatVector.broadcast(F, (float) (byte) scales), products);
                    products = high.fma(FloatVector.broadcast(F, (float) (byte) (scales >>> 32)), products);
                }
                sum = products.fma(FloatVector.broadcast(F, Blocks.f16(weights, b + D)), sum);
            }
            y[yAt + row - from] = Sum.of(sum);
        }
    }

    @Override
    public void decode(MemorySegment source, long at, float[] target, int from, int count) {
        VectorKernel.requireNative(source.isNative());
        for (int block = 0; block < count / BLOCK; block++) {
            long b = at + (long) block * BYTES;
            float d = Blocks.f16(source, b + D);
            for (int run = 0; run < 8; run++) {
                long qh = b + QH + (run >> 2) * 32L + (run & 1) * 16L;
                long scales = b + SCALES + (run >> 2) * 8L + (run & 3);
                float lowScale = d * Blocks.i8(source, scales);
                float highScale = d * Blocks.i8(source, scales + 4);
                int t = from + block * BLOCK + (run >> 2) * 128 + (run & 3) * 16;
                for (int i = 0; i < 16; i += N) {
                    IntVector nibbles = Load.unsignedBytes(I, source, b + run * 16L + i);
                    IntVector pairs = pairs(source, qh + i, run);
                    low(nibbles, pairs).mul(lowScale).intoArray(target, t + i);
                    high(nibbles, pairs).mul(highScale).intoArray(target, t + i + 64);
                }
            }
        }
    }

    /// The high bits that belong to a run's low nibbles are now bits 1,0; those of its high nibbles bits 5,4.
    private static IntVector pairs(MemorySegment weights, long qh, int run) {
        return Load.unsignedBytes(I, weights, qh).lanewise(VectorOperators.LSHR, run & 2);
    }

    private static FloatVector low(IntVector nibbles, IntVector pairs) {
        return number(nibbles.and(FIFTEEN), pairs.lanewise(VectorOperators.LSHL, 4));
    }

    private static FloatVector high(IntVector nibbles, IntVector pairs) {
        return number(nibbles.lanewise(VectorOperators.LSHR, 4), pairs);
    }

    private static FloatVector number(IntVector nibble, IntVector pair) {
        return (FloatVector) pair.and(PAIR).or(nibble).sub(MID).convert(VectorOperators.I2F, 0);
    }
}
