package dev.excitor.runtime.format.superblock;

import dev.excitor.runtime.vector.Lanes;
import dev.excitor.runtime.vector.Templates;
import java.lang.invoke.MethodHandles;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorSpecies;

/// As many at once as there are lanes.
public final class RoundingVector implements Rounding {

    private static final Lanes LANES = Templates.lanes(MethodHandles.lookup());
    private static final VectorSpecies<Float> F = LANES.f32();
    private static final VectorSpecies<Integer> I = LANES.i32();
    private static final int N = F.length();
    private static final int SHIFT_BITS = Float.floatToRawIntBits(SHIFT);

    public RoundingVector() {}

    @Override
    public void round(
            float[] x, int from, int count, float offset, float step, int low, int high, int[] codes, int at) {
        IntVector first = IntVector.broadcast(I, Float.floatToRawIntBits(SHIFT + low));
        IntVector last = IntVector.broadcast(I, Float.floatToRawIntBits(SHIFT + high));
        FloatVector divisor = FloatVector.broadcast(F, step);
        for (int i = 0; i < count; i += N) {
            FloatVector.fromArray(F, x, from + i)
                    .add(offset)
                    .div(divisor)
                    .add(SHIFT)
                    .reinterpretAsInts()
                    .max(first)
                    .min(last)
                    .sub(SHIFT_BITS)
                    .intoArray(codes, at + i);
        }
    }
}
