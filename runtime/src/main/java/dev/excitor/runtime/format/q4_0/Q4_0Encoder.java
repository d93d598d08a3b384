package dev.excitor.runtime.format.q4_0;

import static dev.excitor.runtime.format.q4_0.Q4_0.BLOCK;
import static dev.excitor.runtime.format.q4_0.Q4_0.BYTES;
import static dev.excitor.runtime.format.q4_0.Q4_0.QS;

import dev.excitor.runtime.format.Blocks;
import dev.excitor.runtime.format.Codec;
import dev.excitor.runtime.vector.Lanes;
import dev.excitor.runtime.vector.Store;
import dev.excitor.runtime.vector.Templates;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandles;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/// [Q4_0#encode] with vectors along a block, bit for bit: nothing is added up, so that no order matters, except that
/// the first of two numbers of the largest magnitude gives the sign.
public final class Q4_0Encoder implements Codec.Encoder {

    private static final Lanes LANES = Templates.lanes(MethodHandles.lookup());
    private static final VectorSpecies<Float> F = LANES.f32();
    private static final VectorSpecies<Integer> I = LANES.i32();
    private static final int N = F.length();
    private static final int SIGN = 1 << 31;

    public Q4_0Encoder() {}

    @Override
    public void encode(float[] source, int from, int count, MemorySegment target, long at) {
        for (int block = 0; block < count / BLOCK; block++) {
            long b = at + (long) block * BYTES;
            int s = from + block * BLOCK;
            float d = largest(source, s) / -8;
            float inverse = d == 0 ? 0 : 1 / d;
            Blocks.putF16(target, b, d);
            for (int i = 0; i < 16; i += N) {
                IntVector low = code(source, s + i, inverse);
                IntVector high = code(source, s + i + 16, inverse);
                Store.bytes(low.or(high.lanewise(VectorOperators.LSHL, 4)), target, b + QS + i);
            }
        }
    }

    private static IntVector code(float[] source, int at, float inverse) {
        return FloatVector.fromArray(F, source, at)
                .mul(inverse)
                .add(8.5f)
                .convertShape(VectorOperators.F2I, I, 0)
                .reinterpretAsInts()
                .min(15);
    }

    /// As [Blocks#largest]. The bits of floats of one sign are ordered as their magnitudes are, whence the largest
    /// positive and the largest negative number.
    private static float largest(float[] source, int at) {
        IntVector bits = FloatVector.fromArray(F, source, at).reinterpretAsInts();
        IntVector positive = bits;
        IntVector negative = bits.lanewise(VectorOperators.XOR, SIGN);
        for (int i = N; i < BLOCK; i += N) {
            bits = FloatVector.fromArray(F, source, at + i).reinterpretAsInts();
            positive = positive.max(bits);
            negative = negative.max(bits.lanewise(VectorOperators.XOR, SIGN));
        }
        int highest = positive.reduceLanes(VectorOperators.MAX);
        int lowest = negative.reduceLanes(VectorOperators.MAX);
        if (highest == lowest || lowest == 0) { // both signs, or zeros of the negative one
            return Blocks.largest(source, at, BLOCK);
        }
        return Float.intBitsToFloat(highest > lowest ? highest : lowest ^ SIGN);
    }
}
