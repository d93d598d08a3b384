package dev.excitor.runtime.format.f16;

import dev.excitor.runtime.format.Blocks;
import dev.excitor.runtime.format.VectorKernel;
import dev.excitor.runtime.vector.Lanes;
import dev.excitor.runtime.vector.Load;
import dev.excitor.runtime.vector.Sum;
import dev.excitor.runtime.vector.Templates;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandles;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/// Portable vector kernel of [F16]. Blocks are single numbers, so there is a tail.
public final class F16Vector implements VectorKernel {

    private static final Lanes LANES = Templates.lanes(MethodHandles.lookup());
    private static final VectorSpecies<Float> F = LANES.f32();
    private static final VectorSpecies<Integer> I = LANES.i32();
    private static final int N = F.length();

    public F16Vector() {}

    @Override
    public void gemv(MemorySegment weights, int cols, float[] x, int xAt, float[] y, int yAt, int from, int to) {
        int whole = cols / N * N;
        for (int row = from; row < to; row++) {
            VectorKernel.requireNative(weights.isNative());
            long w = 2L * row * cols;
            FloatVector lanes = FloatVector.zero(F);
            for (int i = 0; i < whole; i += N) {
                lanes = numbers(weights, w + 2L * i).fma(FloatVector.fromArray(F, x, xAt + i), lanes);
            }
            float sum = Sum.of(lanes);
            for (int i = whole; i < cols; i++) {
                sum = Math.fma(Blocks.f16(weights, w + 2L * i), x[xAt + i], sum);
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
            target[from + i] = Blocks.f16(source, at + 2L * i);
        }
    }

    private static FloatVector numbers(MemorySegment source, long at) {
        return Load.halves(I, source, at);
    }
}
