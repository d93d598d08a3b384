package dev.excitor.runtime.format.bf16;

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

/// Portable vector kernel of [BF16]. Blocks are single numbers, so there is a tail.
public final class BF16Vector implements VectorKernel {

    private static final Lanes LANES = Templates.lanes(MethodHandles.lookup());
    private static final VectorSpecies<Float> F = LANES.f32();
    private static final VectorSpecies<Integer> I = LANES.i32();
    private static final int N = F.length();

    public BF16Vector() {}

    @Override
    public void gemv(MemorySegment weights, int cols, float[] x, int xAt, float[] y, int yAt, int from, int to) {
        int whole = cols / (4 * N) * (4 * N);
        for (int row = from; row < to; row++) {
            VectorKernel.requireNative(weights.isNative());
            long w = 2L * row * cols;
            FloatVector a = FloatVector.zero(F);
            FloatVector b = FloatVector.zero(F);
            FloatVector c = FloatVector.zero(F);
            FloatVector d = FloatVector.zero(F);
            for (int i = 0; i < whole; i += 4 * N) {
                long at = w + 2L * i;
                int xs = xAt + i;
                a = numbers(weights, at).fma(FloatVector.fromArray(F, x, xs), a);
                b = numbers(weights, at + 2L * N).fma(FloatVector.fromArray(F, x, xs + N), b);
                c = numbers(weights, at + 4L * N).fma(FloatVector.fromArray(F, x, xs + 2 * N), c);
                d = numbers(weights, at + 6L * N).fma(FloatVector.fromArray(F, x, xs + 3 * N), d);
            }
            float sum = Sum.of(a.add(b).add(c.add(d)));
            for (int i = whole; i < cols; i++) {
                sum = Math.fma(BF16.number(weights, w + 2L * i), x[xAt + i], sum);
            }
            y[yAt + row - from] = sum;
        }
    }

    @Override
    public void decode(MemorySegment source, long at, float[] target, int from, int count) {
        VectorKernel.requireNative(source.isNative());
        int i = 0;
        for (; i <= count - N; i += N) {
            numbers(source, at + 2L * i).intoArray(target, from + i);
        }
        for (; i < count; i++) {
            target[from + i] = BF16.number(source, at + 2L * i);
        }
    }

    private static FloatVector numbers(MemorySegment source, long at) {
        return Load.unsignedShorts(I, source, at)
                .lanewise(VectorOperators.LSHL, 16)
                .reinterpretAsFloats();
    }
}
