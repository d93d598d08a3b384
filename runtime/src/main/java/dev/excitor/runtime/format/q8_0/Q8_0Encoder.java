package dev.excitor.runtime.format.q8_0;

import static dev.excitor.runtime.format.q8_0.Q8_0.BLOCK;
import static dev.excitor.runtime.format.q8_0.Q8_0.BYTES;
import static dev.excitor.runtime.format.q8_0.Q8_0.QS;

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

/// [Q8_0#encode] with vectors along a block, bit for bit. A block so small that the reciprocal of its scale is infinite
/// goes to the definition.
public final class Q8_0Encoder implements Codec.Encoder {

    private static final Lanes LANES = Templates.lanes(MethodHandles.lookup());
    private static final VectorSpecies<Float> F = LANES.f32();
    private static final VectorSpecies<Integer> I = LANES.i32();
    private static final int N = F.length();
    private static final int SIGN = 1 << 31;
    private static final int MAGNITUDE = ~SIGN;

    /// The float below a half: adding it, and dropping the fraction then, rounds halves away from zero and nothing
    /// else.
    private static final int BELOW_HALF = Float.floatToRawIntBits(Math.nextDown(0.5f));

    private static final Q8_0 DEFINITION = new Q8_0();

    public Q8_0Encoder() {}

    @Override
    public void encode(float[] source, int from, int count, MemorySegment target, long at) {
        for (int block = 0; block < count / BLOCK; block++) {
            long b = at + (long) block * BYTES;
            int s = from + block * BLOCK;
            float d = magnitude(source, s) / 127;
            float inverse = d == 0 ? 0 : 1 / d;
            if (inverse == Float.POSITIVE_INFINITY) {
                DEFINITION.encode(source, s, BLOCK, target, b);
                continue;
            }
            Blocks.putF16(target, b, d);
            for (int i = 0; i < BLOCK; i += N) {
                Store.bytes(code(source, s + i, inverse), target, b + QS + i);
            }
        }
    }

    private static IntVector code(float[] source, int at, float inverse) {
        FloatVector scaled = FloatVector.fromArray(F, source, at).mul(inverse);
        FloatVector half = scaled.reinterpretAsInts().and(SIGN).or(BELOW_HALF).reinterpretAsFloats();
        return scaled.add(half).convertShape(VectorOperators.F2I, I, 0).reinterpretAsInts();
    }

    /// The largest magnitude, as bits, which are ordered as the magnitudes are.
    private static float magnitude(float[] source, int at) {
        IntVector largest =
                FloatVector.fromArray(F, source, at).reinterpretAsInts().and(MAGNITUDE);
        for (int i = N; i < BLOCK; i += N) {
            largest = largest.max(
                    FloatVector.fromArray(F, source, at + i).reinterpretAsInts().and(MAGNITUDE));
        }
        return Float.intBitsToFloat(largest.reduceLanes(VectorOperators.MAX));
    }
}
