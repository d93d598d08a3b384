package dev.excitor.runtime.format.q2_k;

import static dev.excitor.runtime.format.q2_k.Q2_K.BLOCK;
import static dev.excitor.runtime.format.q2_k.Q2_K.BYTES;
import static dev.excitor.runtime.format.q2_k.Q2_K.D;
import static dev.excitor.runtime.format.q2_k.Q2_K.D_MIN;
import static dev.excitor.runtime.format.q2_k.Q2_K.QS;

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

/// Portable vector kernel of [Q2_K]: the two sub-blocks of a group at a time.
public final class Q2_KVector implements VectorKernel {

    private static final Lanes LANES = Templates.lanes(MethodHandles.lookup());
    private static final VectorSpecies<Float> F = LANES.f32();
    private static final VectorSpecies<Integer> I = LANES.i32();
    private static final int N = F.length();

    private static final IntVector THREE = IntVector.broadcast(I, 3);

    public Q2_KVector() {}

    @Override
    public void gemv(MemorySegment weights, int cols, float[] x, int xAt, float[] y, int yAt, int from, int to) {
        int blocks = cols / BLOCK;
        for (int row = from; row < to; row++) {
            VectorKernel.requireNative(weights.isNative());
            long w = (long) row * blocks * BYTES;
            FloatVector even = FloatVector.zero(F);
            FloatVector odd = FloatVector.zero(F);
            for (int block = 0; block < blocks; block++) {
                long b = w + (long) block * BYTES;
                int xs = xAt + block * BLOCK;
                int both = Load.intAt(weights, b + D);
                float d = Blocks.half(both);
                float dMin = Blocks.half(both >>> 16);
                for (int group = 0; group != 8; group++) {
                    int scales = Blocks.u16(weights, b + group * 2L);
                    FloatVector evenScale = FloatVector.broadcast(F, d * (scales & 15));
                    FloatVector evenMin = FloatVector.broadcast(F, dMin * (scales >>> 4 & 15));
                    FloatVector oddScale = FloatVector.broadcast(F, d * (scales >>> 8 & 15));
                    FloatVector oddMin = FloatVector.broadcast(F, dMin * (scales >>> 12));
                    long q = b + QS + (group >> 2) * 32L;
                    for (int i = 0; Steps.before(i, 16, N); i += N) {
                        even = numbers(weights, q + i, group, evenScale, evenMin)
                                .fma(FloatVector.fromArray(F, x, xs + group * 32 + i), even);
                        odd = numbers(weights, q + i + 16, group, oddScale, oddMin)
                                .fma(FloatVector.fromArray(F, x, xs + group * 32 + i + 16), odd);
                    }
                }
            }
            y[yAt + row - from] = Sum.of(even.add(odd));
        }
    }

    @Override
    public void decode(MemorySegment source, long at, float[] target, int from, int count) {
        VectorKernel.requireNative(source.isNative());
        for (int block = 0; block < count / BLOCK; block++) {
            long b = at + (long) block * BYTES;
            float d = Blocks.f16(source, b + D);
            float dMin = Blocks.f16(source, b + D_MIN);
            for (int j = 0; j < 16; j++) {
                int scales = Blocks.u8(source, b + j);
                FloatVector scale = FloatVector.broadcast(F, d * (scales & 15));
                FloatVector min = FloatVector.broadcast(F, dMin * (scales >>> 4));
                long q = b + QS + (j >> 3) * 32L + (j & 1) * 16L;
                int t = from + block * BLOCK + j * 16;
                for (int i = 0; i < 16; i += N) {
                    numbers(source, q + i, j >> 1, scale, min).intoArray(target, t + i);
                }
            }
        }
    }

    private static FloatVector numbers(MemorySegment weights, long q, int group, FloatVector scale, FloatVector min) {
        IntVector code = Load.unsignedBytes(I, weights, q)
                .lanewise(VectorOperators.LSHR, (group & 3) * 2)
                .and(THREE);
        return ((FloatVector) code.convert(VectorOperators.I2F, 0)).mul(scale).sub(min);
    }
}
