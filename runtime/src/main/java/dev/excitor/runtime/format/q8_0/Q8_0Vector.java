package dev.excitor.runtime.format.q8_0;

import static dev.excitor.runtime.format.q8_0.Q8_0.BLOCK;
import static dev.excitor.runtime.format.q8_0.Q8_0.BYTES;
import static dev.excitor.runtime.format.q8_0.Q8_0.QS;

import dev.excitor.runtime.format.Blocks;
import dev.excitor.runtime.format.VectorKernel;
import dev.excitor.runtime.vector.Lanes;
import dev.excitor.runtime.vector.Load;
import dev.excitor.runtime.vector.Sum;
import dev.excitor.runtime.vector.Templates;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandles;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/// Portable vector kernel of [Q8_0]: bytes become floats in registers, and the sum of a block is scaled once.
public final class Q8_0Vector implements VectorKernel {

    private static final Lanes LANES = Templates.lanes(MethodHandles.lookup());
    private static final VectorSpecies<Float> F = LANES.f32();
    private static final VectorSpecies<Integer> I = LANES.i32();
    private static final int N = F.length();

    public Q8_0Vector() {}

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
                for (int i = 0; i < BLOCK; i += N) {
                    FloatVector q = numbers(weights, b + QS + i);
                    products = q.fma(FloatVector.fromArray(F, x, xs + i), products);
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
            for (int i = 0; i < BLOCK; i += N) {
                numbers(source, b + QS + i).mul(d).intoArray(target, t + i);
            }
        }
    }

    private static FloatVector numbers(MemorySegment source, long at) {
        return (FloatVector) Load.signedBytes(I, source, at).convertShape(VectorOperators.I2F, F, 0);
    }
}
