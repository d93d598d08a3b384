package dev.excitor.runtime.format.q6_k;

import static dev.excitor.runtime.format.q6_k.Q6_K.BLOCK;
import static dev.excitor.runtime.format.q6_k.Q6_K.BYTES;
import static dev.excitor.runtime.format.q6_k.Q6_K.D;
import static dev.excitor.runtime.format.q6_k.Q6_K.QH;
import static dev.excitor.runtime.format.q6_k.Q6_K.SCALES;

import dev.excitor.runtime.format.Blocks;
import dev.excitor.runtime.format.VectorKernel;
import dev.excitor.runtime.vector.Lanes;
import dev.excitor.runtime.vector.Load;
import dev.excitor.runtime.vector.Templates;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandles;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/// Portable vector kernel of [Q6_K]: for every sixteen positions of a half, the four numbers that share their high bits
/// are put together in registers.
public final class Q6_KVector implements VectorKernel {

    private static final Lanes LANES = Templates.lanes(MethodHandles.lookup());
    private static final VectorSpecies<Float> F = LANES.f32();
    private static final VectorSpecies<Integer> I = LANES.i32();
    private static final int N = F.length();
    private static final ByteOrder LE = ByteOrder.LITTLE_ENDIAN;

    public Q6_KVector() {}

    @Override
    public void gemv(
            MemorySegment weights, int cols, MemorySegment x, long xAt, MemorySegment y, long yAt, int from, int to) {
        int blocks = cols / BLOCK;
        for (int row = from; row < to; row++) {
            long w = (long) row * blocks * BYTES;
            FloatVector even = FloatVector.zero(F);
            FloatVector odd = FloatVector.zero(F);
            for (int block = 0; block < blocks; block++) {
                long b = w + (long) block * BYTES;
                long at = xAt + (long) block * BLOCK * Float.BYTES;
                float d = Blocks.f16(weights, b + D);
                for (long xs = at; xs != at + BLOCK * Float.BYTES; xs += 128) {
                    int group = (int) (xs - at) >> 7;
                    long ql = b + (group >> 2) * 64L + (group & 1) * 32L;
                    long qh = b + QH + (group >> 2) * 32L;
                    int lowShift = (group & 2) * 2;
                    int highShift = (group & 3) * 2;
                    int scales = Blocks.u16(weights, b + SCALES + group * 2L);
                    FloatVector evenScale = FloatVector.broadcast(F, d * (byte) scales);
                    FloatVector oddScale = FloatVector.broadcast(F, d * (scales << 16 >> 24));
                    for (int i = 0; i < 16; i += N) {
                        even = numbers(weights, ql + i, lowShift, qh + i, highShift)
                                .mul(evenScale)
                                .fma(FloatVector.fromMemorySegment(F, x, xs + i * 4L, LE), even);
                        odd = numbers(weights, ql + i + 16, lowShift, qh + i + 16, highShift)
                                .mul(oddScale)
                                .fma(FloatVector.fromMemorySegment(F, x, xs + i * 4L + 64, LE), odd);
                    }
                }
            }
            Blocks.putF32(y, yAt + 4L * row, even.add(odd).reduceLanes(VectorOperators.ADD));
        }
    }

    @Override
    public void decode(MemorySegment source, long at, float[] target, int from, int count) {
        for (int block = 0; block < count / BLOCK; block++) {
            long b = at + (long) block * BYTES;
            float d = Blocks.f16(source, b + D);
            for (int j = 0; j < 16; j++) {
                long ql = b + (j >> 3) * 64L + (j & 3) * 16L;
                long qh = b + QH + (j >> 3) * 32L + (j & 1) * 16L;
                float scale = d * Blocks.i8(source, b + SCALES + j);
                int t = from + block * BLOCK + j * 16;
                for (int i = 0; i < 16; i += N) {
                    numbers(source, ql + i, j & 4, qh + i, j & 6).mul(scale).intoArray(target, t + i);
                }
            }
        }
    }

    /// As many numbers as there are lanes, still without their scale.
    private static FloatVector numbers(MemorySegment weights, long ql, int lowShift, long qh, int highShift) {
        IntVector low = Load.unsignedBytes(I, weights, ql)
                .lanewise(VectorOperators.LSHR, lowShift)
                .and(15);
        IntVector high = Load.unsignedBytes(I, weights, qh)
                .lanewise(VectorOperators.LSHR, highShift)
                .and(3);
        return (FloatVector)
                high.lanewise(VectorOperators.LSHL, 4).or(low).sub(32).convert(VectorOperators.I2F, 0);
    }
}
