package dev.excitor.runtime.format.q5_1;

import static dev.excitor.runtime.format.q5_1.Q5_1.BLOCK;
import static dev.excitor.runtime.format.q5_1.Q5_1.BYTES;
import static dev.excitor.runtime.format.q5_1.Q5_1.M;
import static dev.excitor.runtime.format.q5_1.Q5_1.QH;
import static dev.excitor.runtime.format.q5_1.Q5_1.QS;

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

/// Portable vector kernel of [Q5_1]. A block's product is `d sum(q x) + m sum(x)`: both sums are kept in lanes and
/// scaled once.
public final class Q5_1Vector implements VectorKernel {

    private static final Lanes LANES = Templates.lanes(MethodHandles.lookup());
    private static final VectorSpecies<Float> F = LANES.f32();
    private static final VectorSpecies<Integer> I = LANES.i32();
    private static final int N = F.length();

    /// 0, 1, 2, ...: how far each lane shifts the word of fifth bits.
    private static final IntVector LANE = IntVector.zero(I).addIndex(1);

    private static final IntVector FIFTEEN = IntVector.broadcast(I, 15);
    private static final IntVector SIXTEEN = IntVector.broadcast(I, 16);

    public Q5_1Vector() {}

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
                int qh = Blocks.i32(weights, b + QH);
                for (int i = 0; i < 16; i += N) {
                    IntVector q = Load.unsignedBytes(I, weights, b + QS + i);
                    FloatVector x0 = FloatVector.fromArray(F, x, xs + i);
                    FloatVector x1 = FloatVector.fromArray(F, x, xs + i + 16);
                    products = low(q, qh, i).fma(x0, products);
                    products = high(q, qh, i).fma(x1, products);
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
            int qh = Blocks.i32(source, b + QH);
            for (int i = 0; i < 16; i += N) {
                IntVector q = Load.unsignedBytes(I, source, b + QS + i);
                low(q, qh, i).mul(d).add(m).intoArray(target, t + i);
                high(q, qh, i).mul(d).add(m).intoArray(target, t + i + 16);
            }
        }
    }

    /// Numbers of the lower half, from number i on: nibbles with their fifth bits, of which lane l finds its own l bits
    /// further.
    private static FloatVector low(IntVector q, int qh, int i) {
        IntVector fifth = IntVector.broadcast(I, (qh << 4) >>> i)
                .lanewise(VectorOperators.LSHR, LANE)
                .and(SIXTEEN);
        return (FloatVector) q.and(FIFTEEN).or(fifth).convertShape(VectorOperators.I2F, F, 0);
    }

    /// The same of the upper half, whose fifth bits start at bit 16.
    private static FloatVector high(IntVector q, int qh, int i) {
        IntVector fifth = IntVector.broadcast(I, qh >>> (12 + i))
                .lanewise(VectorOperators.LSHR, LANE)
                .and(SIXTEEN);
        return (FloatVector) q.lanewise(VectorOperators.LSHR, 4).or(fifth).convertShape(VectorOperators.I2F, F, 0);
    }
}
