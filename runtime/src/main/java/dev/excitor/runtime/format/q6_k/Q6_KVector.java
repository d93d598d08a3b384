package dev.excitor.runtime.format.q6_k;

import static dev.excitor.runtime.format.q6_k.Q6_K.BLOCK;
import static dev.excitor.runtime.format.q6_k.Q6_K.BYTES;
import static dev.excitor.runtime.format.q6_k.Q6_K.D;
import static dev.excitor.runtime.format.q6_k.Q6_K.QH;
import static dev.excitor.runtime.format.q6_k.Q6_K.SCALES;

import dev.excitor.runtime.format.Blocks;
import dev.excitor.runtime.format.VectorKernel;
import dev.excitor.runtime.format.superblock.Steps;
import dev.excitor.runtime.vector.Lanes;
import dev.excitor.runtime.vector.Load;
import dev.excitor.runtime.vector.Sum;
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
            FloatVector low = FloatVector.zero(F);
            FloatVector high = FloatVector.zero(F);
            for (int block = 0; block < blocks; block++) {
                long b = w + (long) block * BYTES;
                long at = xAt + (long) block * BLOCK * Float.BYTES;
                float d = Blocks.f16(weights, b + D);
                for (long ql = b; ql != b + QH; ql += 16) {
                    int run = (int) (ql - b) >> 4;
                    long qh = b + QH + (run >> 2) * 32L + (run & 1) * 16L;
                    long xs = at + (run >> 2) * 512L + (run & 3) * 64L;
                    long scales = Load.longAt(weights, b + SCALES + (run & 4) * 2L) >>> ((run & 3) * 8);
                    FloatVector lowScale = FloatVector.broadcast(F, d * (byte) scales);
                    FloatVector highScale = FloatVector.broadcast(F, d * (byte) (scales >>> 32));
                    for (int i = 0; Steps.before(i, 16, N); i += N) {
                        IntVector nibbles = Load.unsignedBytes(I, weights, ql + i);
                        IntVector pairs = pairs(weights, qh + i, run);
                        low = low(nibbles, pairs).mul(lowScale).fma(activations(x, xs + i * 4L), low);
                        high = high(nibbles, pairs).mul(highScale).fma(activations(x, xs + i * 4L + 256), high);
                    }
                }
            }
            Blocks.putF32(y, yAt + 4L * row, Sum.of(low.add(high)));
        }
    }

    @Override
    public void decode(MemorySegment source, long at, float[] target, int from, int count) {
        for (int block = 0; block < count / BLOCK; block++) {
            long b = at + (long) block * BYTES;
            float d = Blocks.f16(source, b + D);
            for (int run = 0; run < 8; run++) {
                long qh = b + QH + (run >> 2) * 32L + (run & 1) * 16L;
                long scales = b + SCALES + (run >> 2) * 8L + (run & 3);
                float lowScale = d * Blocks.i8(source, scales);
                float highScale = d * Blocks.i8(source, scales + 4);
                int t = from + block * BLOCK + (run >> 2) * 128 + (run & 3) * 16;
                for (int i = 0; i < 16; i += N) {
                    IntVector nibbles = Load.unsignedBytes(I, source, b + run * 16L + i);
                    IntVector pairs = pairs(source, qh + i, run);
                    low(nibbles, pairs).mul(lowScale).intoArray(target, t + i);
                    high(nibbles, pairs).mul(highScale).intoArray(target, t + i + 64);
                }
            }
        }
    }

    private static FloatVector activations(MemorySegment x, long at) {
        return FloatVector.fromMemorySegment(F, x, at, LE);
    }

    /// The high bits that belong to a run's low nibbles are now bits 1,0; those of its high nibbles bits 5,4.
    private static IntVector pairs(MemorySegment weights, long qh, int run) {
        return Load.unsignedBytes(I, weights, qh).lanewise(VectorOperators.LSHR, run & 2);
    }

    private static FloatVector low(IntVector nibbles, IntVector pairs) {
        return number(nibbles.and(15), pairs.lanewise(VectorOperators.LSHL, 4));
    }

    private static FloatVector high(IntVector nibbles, IntVector pairs) {
        return number(nibbles.lanewise(VectorOperators.LSHR, 4), pairs);
    }

    private static FloatVector number(IntVector nibble, IntVector pair) {
        return (FloatVector) pair.and(0x30).or(nibble).sub(32).convert(VectorOperators.I2F, 0);
    }
}
