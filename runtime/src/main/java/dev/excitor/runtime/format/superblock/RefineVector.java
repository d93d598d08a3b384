package dev.excitor.runtime.format.superblock;

import dev.excitor.runtime.vector.Lanes;
import dev.excitor.runtime.vector.Templates;
import java.lang.invoke.MethodHandles;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/// [ScaleSearch#refine] with a sub-block in every lane: each lane does what the definition does, in the same order, so
/// that the results are equal bit for bit. A lane in which a round has changed nothing would change nothing in the
/// next.
public final class RefineVector implements SymmetricSearch {

    private static final Lanes LANES = Templates.lanes(MethodHandles.lookup());
    private static final VectorSpecies<Float> F = LANES.f32();
    private static final VectorSpecies<Integer> I = LANES.i32();
    private static final int N = F.length();
    private static final int END = SIZE * N;

    /// Where codes start in the scratch, behind the numbers.
    private static final int CODES = SUPER_BLOCK;

    public RefineVector() {}

    @Override
    public void search(float[] x, int from, int levels, float[] scratch, float[] scales, int[] codes) {
        for (int j = 0; j < COUNT; j += N) {
            Transposed.load(x, from + j * SIZE, SIZE, N, scratch);
            if (!searchGroup(levels, scratch, scales, j)) {
                REFINE.search(x, from, levels, scratch, scales, codes);
                return;
            }
            Transposed.store(scratch, CODES, SIZE, N, codes, j * SIZE);
        }
    }

    /// Sub-blocks `j` to `j + N`, whose numbers are transposed in the scratch; leaves their codes there.
    ///
    /// @return false if there are extreme numbers, with nothing done
    private static boolean searchGroup(int levels, float[] s, float[] scales, int j) {
        FloatVector largest = largest(s);
        if (!largest.abs().lt(ScaleSearch.LARGE).allTrue()) {
            return false;
        }
        VectorMask<Float> zero = largest.abs().lt(ScaleSearch.ZERO);
        IntVector low = IntVector.broadcast(I, Float.floatToRawIntBits(Rounding.SHIFT - levels));
        IntVector high = IntVector.broadcast(I, Float.floatToRawIntBits(Rounding.SHIFT + (levels - 1)));
        FloatVector inverse = FloatVector.broadcast(F, (float) -levels).div(largest);
        FloatVector sumXc = FloatVector.zero(F);
        FloatVector sumCc = FloatVector.zero(F);
        for (int i = 0; i < END; i += N) {
            FloatVector number = FloatVector.fromArray(F, s, i);
            FloatVector code = nearest(inverse.mul(number), low, high);
            code.intoArray(s, CODES + i);
            FloatVector weight = number.mul(number);
            sumXc = sumXc.add(weight.mul(number).mul(code));
            sumCc = sumCc.add(weight.mul(code).mul(code));
        }
        boolean changed = true;
        for (int round = 0; round < ScaleSearch.ROUNDS && changed; round++) {
            changed = false;
            for (int i = 0; i < END; i += N) {
                FloatVector number = FloatVector.fromArray(F, s, i);
                FloatVector weight = number.mul(number);
                FloatVector old = FloatVector.fromArray(F, s, CODES + i);
                FloatVector withoutXc = sumXc.sub(weight.mul(number).mul(old));
                FloatVector withoutCc = sumCc.sub(weight.mul(old).mul(old));
                FloatVector code = nearest(number.mul(withoutCc).div(withoutXc), low, high);
                FloatVector newXc = withoutXc.add(weight.mul(number).mul(code));
                FloatVector newCc = withoutCc.add(weight.mul(code).mul(code));
                VectorMask<Float> better = newXc.mul(newXc)
                        .mul(sumCc)
                        .compare(VectorOperators.GT, sumXc.mul(sumXc).mul(newCc))
                        .and(withoutXc.compare(VectorOperators.GT, 0f))
                        .and(newCc.compare(VectorOperators.GT, 0f))
                        .and(code.compare(VectorOperators.NE, old))
                        .andNot(zero);
                if (better.anyTrue()) {
                    old.blend(code, better).intoArray(s, CODES + i);
                    sumXc = sumXc.blend(newXc, better);
                    sumCc = sumCc.blend(newCc, better);
                    changed = true;
                }
            }
        }
        for (int i = 0; i < END; i += N) {
            FloatVector.fromArray(F, s, CODES + i).blend((float) -levels, zero).intoArray(s, CODES + i);
        }
        VectorMask<Float> none = sumCc.compare(VectorOperators.GT, 0f).not().or(zero);
        sumXc.div(sumCc).blend(0f, none).intoArray(scales, j);
        return true;
    }

    private static FloatVector largest(float[] s) {
        FloatVector largest = FloatVector.zero(F);
        for (int i = 0; i < END; i += N) {
            FloatVector number = FloatVector.fromArray(F, s, i);
            largest = largest.blend(number, number.abs().compare(VectorOperators.GT, largest.abs()));
        }
        return largest;
    }

    private static FloatVector nearest(FloatVector number, IntVector low, IntVector high) {
        return number.add(Rounding.SHIFT)
                .reinterpretAsInts()
                .max(low)
                .min(high)
                .reinterpretAsFloats()
                .sub(Rounding.SHIFT);
    }
}
