package dev.excitor.runtime.format.iq4_xs;

import static dev.excitor.runtime.format.iq4_xs.IQ4_XS.BLOCK;
import static dev.excitor.runtime.format.iq4_xs.IQ4_XS.BYTES;
import static dev.excitor.runtime.format.iq4_xs.IQ4_XS.QS;
import static dev.excitor.runtime.format.iq4_xs.IQ4_XS.SCALES_HIGH;
import static dev.excitor.runtime.format.iq4_xs.IQ4_XS.SCALES_LOW;

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
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/// Portable vector kernel of [IQ4_XS]. Where sixteen lanes fit, the sixteen values are looked up as floats; elsewhere
/// as bytes, sixteen numbers at a time, which are then spread over the lanes.
public final class IQ4_XSVector implements VectorKernel {

    private static final Lanes LANES = Templates.lanes(MethodHandles.lookup());
    private static final VectorSpecies<Float> F = LANES.f32();
    private static final VectorSpecies<Integer> I = LANES.i32();
    private static final int N = F.length();
    private static final ByteOrder LE = ByteOrder.LITTLE_ENDIAN;

    private static final ByteVector BYTE_VALUES = ByteVector.fromArray(ByteVector.SPECIES_128, IQ4_XS.values(), 0);
    private static final IntVector FLOATS =
            ((FloatVector) BYTE_VALUES.castShape(FloatVector.SPECIES_512, 0)).reinterpretAsInts();

    /// 0, 0, 0, 0, 1, 1, 1, 1: the int that holds the byte of each lane.
    private static final IntVector FOURTH_OF_LANE =
            IntVector.zero(I).addIndex(1).lanewise(VectorOperators.LSHR, 2);
    /// 24, 16, 8, 0, 24, …: how far the byte of each lane is from the top of its int.
    private static final IntVector LEFT =
            IntVector.zero(I).addIndex(1).and(3).neg().add(3).lanewise(VectorOperators.LSHL, 3);

    public IQ4_XSVector() {}

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
                long head = Load.longAt(weights, b);
                float d = Blocks.half((int) head);
                int scalesHigh = (int) head >>> 16;
                int scalesLow = (int) (head >>> 32);
                for (long q = b + QS; q != b + BYTES; q += 16) {
                    FloatVector scale = FloatVector.broadcast(F, d * IQ4_XS.scale(scalesHigh, scalesLow, 0));
                    scalesHigh >>>= 2;
                    scalesLow >>>= 4;
                    for (int i = 0; Steps.before(i, 16, N); i += N) {
                        even = low(weights, q, i).mul(scale).fma(FloatVector.fromArray(F, x, xs + i), even);
                        odd = high(weights, q, i).mul(scale).fma(FloatVector.fromArray(F, x, xs + i + 16), odd);
                    }
                    xs += 32;
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
            float d = Blocks.f16(source, b);
            int scalesHigh = Blocks.u16(source, b + SCALES_HIGH);
            int scalesLow = Blocks.i32(source, b + SCALES_LOW);
            for (int j = 0; j < 8; j++) {
                float scale = d * IQ4_XS.scale(scalesHigh, scalesLow, j);
                long q = b + QS + j * 16L;
                int t = from + block * BLOCK + j * 32;
                for (int i = 0; i < 16; i += N) {
                    low(source, q, i).mul(scale).intoArray(target, t + i);
                    high(source, q, i).mul(scale).intoArray(target, t + i + 16);
                }
            }
        }
    }

    /// Numbers `[i, i + N)` of a sub-block, still without their scale.
    private static FloatVector low(MemorySegment weights, long q, int i) {
        return N == 16
                ? Load.unsignedBytes(I, weights, q).selectFrom(FLOATS).reinterpretAsFloats()
                : spread(sixteen(weights, q).and((byte) 15), i);
    }

    /// Numbers `[16 + i, 16 + i + N)` of a sub-block, still without their scale.
    private static FloatVector high(MemorySegment weights, long q, int i) {
        return N == 16
                ? Load.unsignedBytes(I, weights, q)
                        .lanewise(VectorOperators.LSHR, 4)
                        .selectFrom(FLOATS)
                        .reinterpretAsFloats()
                : spread(sixteen(weights, q).lanewise(VectorOperators.LSHR, 4), i);
    }

    private static ByteVector sixteen(MemorySegment weights, long q) {
        return ByteVector.fromMemorySegment(ByteVector.SPECIES_128, weights, q, LE);
    }

    /// The values of codes `[i, i + N)` of sixteen: looked up as bytes, then four to an int, moved to where their lanes
    /// are, and sign-extended.
    private static FloatVector spread(ByteVector codes, int i) {
        IntVector fours =
                (IntVector) codes.selectFrom(BYTE_VALUES).reinterpretAsInts().reinterpretShape(I, 0);
        return (FloatVector) FOURTH_OF_LANE
                .add(i / 4)
                .selectFrom(fours)
                .lanewise(VectorOperators.LSHL, LEFT)
                .lanewise(VectorOperators.ASHR, 24)
                .convert(VectorOperators.I2F, 0);
    }
}
