package dev.excitor.runtime.format.iq4_nl;

import static dev.excitor.runtime.format.iq4_nl.IQ4_NL.BLOCK;
import static dev.excitor.runtime.format.iq4_nl.IQ4_NL.BYTES;
import static dev.excitor.runtime.format.iq4_nl.IQ4_NL.QS;

import dev.excitor.runtime.format.Blocks;
import dev.excitor.runtime.format.VectorKernel;
import dev.excitor.runtime.vector.Lanes;
import dev.excitor.runtime.vector.Load;
import dev.excitor.runtime.vector.Sum;
import dev.excitor.runtime.vector.Templates;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandles;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/// Portable vector kernel of [IQ4_NL]: levels are looked up by permutation, in one register where sixteen lanes fit,
/// else in two or four of which the upper bits of the nibble choose one. The sum of a block is scaled once.
public final class IQ4_NLVector implements VectorKernel {

    private static final Lanes LANES = Templates.lanes(MethodHandles.lookup());
    private static final VectorSpecies<Float> F = LANES.f32();
    private static final VectorSpecies<Integer> I = LANES.i32();
    private static final int N = F.length();

    /// The levels from number 0, N, 2N and 3N on; a level past the end is never asked for.
    private static final IntVector FIRST = levels(0);

    private static final IntVector SECOND = levels(N);
    private static final IntVector THIRD = levels(2 * N);
    private static final IntVector FOURTH = levels(3 * N);

    private static final IntVector ZERO = IntVector.zero(I);
    private static final IntVector FOUR = IntVector.broadcast(I, 4);
    private static final IntVector EIGHT = IntVector.broadcast(I, 8);

    public IQ4_NLVector() {}

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
                for (int i = 0; i < 16; i += N) {
                    IntVector q = Load.unsignedBytes(I, weights, b + QS + i);
                    products = level(q).fma(FloatVector.fromArray(F, x, xs + i), products);
                    products = level(q.lanewise(VectorOperators.LSHR, 4))
                            .fma(FloatVector.fromArray(F, x, xs + i + 16), products);
                }
                sum = products.fma(FloatVector.broadcast(F, Blocks.f16(weights, b)), sum);
            }
            y[yAt + row - from] = Sum.of(sum);
        }
    }

    @Override
    public void decode(MemorySegment source, long at, float[] target, int from, int count) {
        VectorKernel.requireNative(source.isNative());
        for (int block = 0; block < count / BLOCK; block++) {
            long b = at + (long) block * BYTES;
            int t = from + block * BLOCK;
            FloatVector d = FloatVector.broadcast(F, Blocks.f16(source, b));
            for (int i = 0; i < 16; i += N) {
                IntVector q = Load.unsignedBytes(I, source, b + QS + i);
                level(q).mul(d).intoArray(target, t + i);
                level(q.lanewise(VectorOperators.LSHR, 4)).mul(d).intoArray(target, t + i + 16);
            }
        }
    }

    private static IntVector levels(int from) {
        return FloatVector.fromArray(F, IQ4_NL.levels(), Math.min(from, 16 - N)).reinterpretAsInts();
    }

    /// Looks up the lower four bits of each lane; a look-up by more bits than there are lanes wraps.
    private static FloatVector level(IntVector q) {
        IntVector level;
        if (N == 16) {
            level = q.selectFrom(FIRST);
        } else if (N == 8) {
            level = q.selectFrom(FIRST).blend(q.selectFrom(SECOND), has(q, EIGHT));
        } else {
            IntVector lower = q.selectFrom(FIRST).blend(q.selectFrom(SECOND), has(q, FOUR));
            IntVector upper = q.selectFrom(THIRD).blend(q.selectFrom(FOURTH), has(q, FOUR));
            level = lower.blend(upper, has(q, EIGHT));
        }
        return level.reinterpretAsFloats();
    }

    private static VectorMask<Integer> has(IntVector q, IntVector bit) {
        return q.and(bit).compare(VectorOperators.NE, ZERO);
    }
}
