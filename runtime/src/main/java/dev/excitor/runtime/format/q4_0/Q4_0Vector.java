package dev.excitor.runtime.format.q4_0;

import static dev.excitor.runtime.format.q4_0.Q4_0.BLOCK;
import static dev.excitor.runtime.format.q4_0.Q4_0.BYTES;
import static dev.excitor.runtime.format.q4_0.Q4_0.QS;

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
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/// Portable vector kernel of [Q4_0]: nibbles become floats in registers, and the sum of a block is scaled once.
public final class Q4_0Vector implements VectorKernel {

    private static final Lanes LANES = Templates.lanes(MethodHandles.lookup());
    private static final VectorSpecies<Float> F = LANES.f32();
    private static final VectorSpecies<Integer> I = LANES.i32();
    private static final int N = F.length();

    /// The sixteen values of a nibble; a permutation by the nibble is a look-up where sixteen lanes fit.
    private static final IntVector VALUES = FloatVector.fromArray(
                    FloatVector.SPECIES_512, new float[] {-8, -7, -6, -5, -4, -3, -2, -1, 0, 1, 2, 3, 4, 5, 6, 7}, 0)
            .reinterpretAsInts();

    private static final IntVector FIFTEEN = IntVector.broadcast(I, 15);
    private static final IntVector EIGHT = IntVector.broadcast(I, 8);

    public Q4_0Vector() {}

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
                    products = low(q).fma(FloatVector.fromArray(F, x, xs + i), products);
                    products = high(q).fma(FloatVector.fromArray(F, x, xs + i + 16), products);
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
                low(q).mul(d).intoArray(target, t + i);
                high(q).mul(d).intoArray(target, t + i + 16);
            }
        }
    }

    private static FloatVector low(IntVector q) {
        return N == 16
                ? q.selectFrom(VALUES).reinterpretAsFloats()
                : (FloatVector) q.and(FIFTEEN).sub(EIGHT).convertShape(VectorOperators.I2F, F, 0);
    }

    private static FloatVector high(IntVector q) {
        return N == 16
                ? q.lanewise(VectorOperators.LSHR, 4).selectFrom(VALUES).reinterpretAsFloats()
                : (FloatVector) q.lanewise(VectorOperators.LSHR, 4).sub(EIGHT).convertShape(VectorOperators.I2F, F, 0);
    }
}
