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
    public void gemv(
            MemorySegment weights, int cols, MemorySegment x, long xAt, MemorySegment y, long yAt, int from, int to) {
        int whole = cols / (4 * N) * (4 * N);
        for (int row = from; row < to; row++) {
            long w = 4L * row * cols;
            FloatVector a = FloatVector.zero(F);
            FloatVector b = FloatVector.zero(F);
            FloatVector c = FloatVector.zero(F);
            FloatVector d = FloatVector.zero(F);
            for (int i = 0; i < whole; i += 4 * N) {
                long o = 4L * i;
                a = f(weights, w + o).fma(f(x, xAt + o), a);
                b = f(weights, w + o + 4L * N).fma(f(x, xAt + o + 4L * N), b);
                c = f(weights, w + o + 8L * N).fma(f(x, xAt + o + 8L * N), c);
                d = f(weights, w + o + 12L * N).fma(f(x, xAt + o + 12L * N), d);
            }
            float sum = Sum.of(a.add(b).add(c.add(d)));
            for (int i = whole; i < cols; i++) {
                sum = Math.fma(Blocks.f32(weights, w + 4L * i), Blocks.f32(x, xAt + 4L * i), sum);
            }
            Blocks.putF32(y, yAt + 4L * row, sum);
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
