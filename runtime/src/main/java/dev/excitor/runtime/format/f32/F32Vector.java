package dev.excitor.runtime.format.f32;

import dev.excitor.runtime.format.Blocks;
import dev.excitor.runtime.format.VectorKernel;
import dev.excitor.runtime.vector.Lanes;
import dev.excitor.runtime.vector.Sum;
import dev.excitor.runtime.vector.Templates;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandles;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/// Portable vector kernel of [F32]. Blocks are single numbers, so this is one of the few kernels with a tail.
public final class F32Vector implements VectorKernel {

    private static final Lanes LANES = Templates.lanes(MethodHandles.lookup());
    private static final VectorSpecies<Float> F = LANES.f32();
    private static final int N = F.length();
    private static final ByteOrder LE = ByteOrder.LITTLE_ENDIAN;
    private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(LE);

    public F32Vector() {}

    @Override
    public void gemv(MemorySegment weights, int cols, float[] x, int xAt, float[] y, int yAt, int from, int to) {
        int whole = cols / (4 * N) * (4 * N);
        for (int row = from; row < to; row++) {
            VectorKernel.requireNative(weights.isNative());
            long w = 4L * row * cols;
            FloatVector a = FloatVector.zero(F);
            FloatVector b = FloatVector.zero(F);
            FloatVector c = FloatVector.zero(F);
            FloatVector d = FloatVector.zero(F);
            for (int i = 0; i < whole; i += 4 * N) {
                long at = w + 4L * i;
                int xs = xAt + i;
                a = f(weights, at).fma(FloatVector.fromArray(F, x, xs), a);
                b = f(weights, at + 4L * N).fma(FloatVector.fromArray(F, x, xs + N), b);
                c = f(weights, at + 8L * N).fma(FloatVector.fromArray(F, x, xs + 2 * N), c);
                d = f(weights, at + 12L * N).fma(FloatVector.fromArray(F, x, xs + 3 * N), d);
            }
            float sum = Sum.of(a.add(b).add(c.add(d)));
            for (int i = whole; i < cols; i++) {
                sum = Math.fma(Blocks.f32(weights, w + 4L * i), x[xAt + i], sum);
            }
            y[yAt + row - from] = sum;
        }
    }

    private static FloatVector f(MemorySegment source, long at) {
        return FloatVector.fromMemorySegment(F, source, at, LE);
    }

    @Override
    public void decode(MemorySegment source, long at, float[] target, int from, int count) {
        MemorySegment.copy(source, FLOAT, at, target, from, count);
    }
}
