package dev.excitor.runtime.format.q4_1;

import static dev.excitor.runtime.format.q4_1.Q4_1.BLOCK;
import static dev.excitor.runtime.format.q4_1.Q4_1.BYTES;
import static dev.excitor.runtime.format.q4_1.Q4_1.M;
import static dev.excitor.runtime.format.q4_1.Q4_1.QS;

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

/// Portable vector kernel of [Q4_1]. A block's product is `d sum(q x) + m sum(x)`: both sums are kept in lanes and
/// scaled once.
public final class Q4_1Vector implements VectorKernel {

    private static final Lanes LANES = Templates.lanes(MethodHandles.lookup());
    private static final VectorSpecies<Float> F = LANES.f32();
    private static final VectorSpecies<Integer> I = LANES.i32();
    private static final int N = F.length();

    private static final IntVector FIFTEEN = IntVector.broadcast(I, 15);

    public Q4_1Vector() {}

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
                FloatVector total = FloatVector.zero(F);
                for (int i = 0; i < 16; i += N) {
                    IntVector q = Load.unsignedBytes(I, weights, b + QS + i);
                    FloatVector x0 = FloatVector.fromArray(F, x, xs + i);
                    FloatVector x1 = FloatVector.fromArray(F, x, xs + i + 16);
                    products = low(q).fma(x0, products);
                    products = high(q).fma(x1, products);
                    total = total.add(x0).add(x1);
                }
                int both = Load.intAt(weights, b);
                sum = total.fma(FloatVector.broadcast(F, Blocks.half(both >>> 16)), sum);
                sum = products.fma(FloatVector.broadcast(F, Blocks.half(both)), sum);
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
            FloatVector m = FloatVector.broadcast(F, Blocks.f16(source, b + M));
            for (int i = 0; i < 16; i += N) {
                IntVector q = Load.unsignedBytes(I, source, b + QS + i);
                low(q).mul(d).add(m).intoArray(target, t + i);
                high(q).mul(d).add(m).intoArray(target, t + i + 16);
            }
        }
    }

    private static FloatVector low(IntVector q) {
        return (FloatVector) q.and(FIFTEEN).convertShape(VectorOperators.I2F, F, 0);
    }

    private static FloatVector high(IntVector q) {
        return (FloatVector) q.lanewise(VectorOperators.LSHR, 4).convertShape(VectorOperators.I2F, F, 0);
    }
}
