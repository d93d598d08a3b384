package dev.excitor.runtime.format.q3_k;

import static dev.excitor.runtime.format.q3_k.Q3_K.BLOCK;
import static dev.excitor.runtime.format.q3_k.Q3_K.BYTES;
import static dev.excitor.runtime.format.q3_k.Q3_K.D;
import static dev.excitor.runtime.format.q3_k.Q3_K.QS;
import static dev.excitor.runtime.format.q3_k.Q3_K.SCALES;

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

/// Portable vector kernel of [Q3_K]: codes and third bits are put together in registers.
public final class Q3_KVector implements VectorKernel {

    private static final Lanes LANES = Templates.lanes(MethodHandles.lookup());
    private static final VectorSpecies<Float> F = LANES.f32();
    private static final VectorSpecies<Integer> I = LANES.i32();
    private static final int N = F.length();

    private static final IntVector ONE = IntVector.broadcast(I, 1);
    private static final IntVector THREE = IntVector.broadcast(I, 3);
    private static final IntVector FOUR = IntVector.broadcast(I, 4);

    public Q3_KVector() {}

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
                float d = Blocks.f16(weights, b + D);
                long eight = Load.longAt(weights, b + SCALES);
                int four = Load.intAt(weights, b + SCALES + 8);
                long scales = Q3_K.scales(eight, four);
                long later = Q3_K.scales(eight >>> 4, four >>> 4);
                for (int j = 0; j != 16; j++) {
                    FloatVector scale = FloatVector.broadcast(F, d * (((int) scales & 0xff) - 32));
                    for (int i = 0; Steps.before(i, 16, N); i += N) {
                        sum = numbers(weights, b + i, j)
                                .mul(scale)
                                .fma(FloatVector.fromArray(F, x, xs + j * 16 + i), sum);
                    }
                    scales = j == 7 ? later : scales >>> 8;
                }
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
            for (int j = 0; j < 16; j++) {
                float scale = d * Q3_K.scale(source, b + SCALES, j);
                int t = from + block * BLOCK + j * 16;
                for (int i = 0; i < 16; i += N) {
                    numbers(source, b + i, j).mul(scale).intoArray(target, t + i);
                }
            }
        }
    }

    /// As many numbers of sub-block j as there are lanes, still without their scale.
    private static FloatVector numbers(MemorySegment weights, long at, int j) {
        IntVector low = Load.unsignedBytes(I, weights, at + QS + (j >> 3) * 32L + (j & 1) * 16L)
                .lanewise(VectorOperators.LSHR, j & 6)
                .and(THREE);
        IntVector high = Load.unsignedBytes(I, weights, at + (j & 1) * 16L)
                .lanewise(VectorOperators.LSHR, j >> 1)
                .and(ONE);
        return (FloatVector)
                high.lanewise(VectorOperators.LSHL, 2).or(low).sub(FOUR).convert(VectorOperators.I2F, 0);
    }
}
