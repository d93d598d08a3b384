package dev.excitor.runtime.format.superblock;

import dev.excitor.runtime.format.superblock.AffineRule.Penalty;
import dev.excitor.runtime.vector.Lanes;
import dev.excitor.runtime.vector.Templates;
import java.lang.invoke.MethodHandles;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/// [AffineScalar] with a sub-block in every lane: each lane does what the definition does, in the same order, so that
/// the results are equal bit for bit.
///
/// Super-blocks of extreme numbers, whose intermediate results are infinite, are left to the definition.
public final class AffineVector implements AffineSearch {

    private static final Lanes LANES = Templates.lanes(MethodHandles.lookup());
    private static final VectorSpecies<Float> F = LANES.f32();
    private static final int N = F.length();
    private static final int SHIFT_BITS = Float.floatToRawIntBits(Rounding.SHIFT);
    private static final AffineScalar DEFINITION = new AffineScalar();

    /// Where weights and trial codes start in the scratch, behind the numbers.
    private static final int WEIGHTS = AffineRule.SUPER_BLOCK;

    private static final int TRIAL = 2 * AffineRule.SUPER_BLOCK;

    /// The range of a sub-block from which on the reciprocals of all steps are finite.
    private static final float LEAST_RANGE = 0x1p-100f;

    public AffineVector() {}

    @Override
    public void search(
            float[] x, int from, AffineRule rule, float[] scratch, float[] scales, float[] mins, int[] codes) {
        for (int j = 0; j < rule.count(); j += N) {
            Transposed.load(x, from + j * rule.size(), rule.size(), N, scratch);
            if (!searchGroup(rule, scratch, scales, mins, j)) {
                DEFINITION.search(x, from, rule, scratch, scales, mins, codes);
                return;
            }
            Transposed.store(scratch, TRIAL, rule.size(), N, codes, j * rule.size());
        }
    }

    /// Sub-blocks `j` to `j + N`, whose numbers are transposed in the scratch; leaves their codes there.
    ///
    /// @return false if there are extreme numbers, with nothing done
    private static boolean searchGroup(AffineRule rule, float[] s, float[] scales, float[] mins, int j) {
        int end = rule.size() * N;
        FloatVector rms = rms(s, rule);
        FloatVector first = FloatVector.fromArray(F, s, 0);
        FloatVector min = first;
        FloatVector max = first;
        FloatVector sumW = rms.add(first.abs());
        FloatVector sumX = sumW.mul(first);
        sumW.intoArray(s, WEIGHTS);
        for (int i = N; i < end; i += N) {
            FloatVector number = FloatVector.fromArray(F, s, i);
            FloatVector weight = rms.add(number.abs());
            weight.intoArray(s, WEIGHTS + i);
            min = min.min(number);
            max = max.max(number);
            sumW = sumW.add(weight);
            sumX = sumX.add(weight.mul(number));
        }
        min = min.min(0);
        VectorMask<Float> flat = max.eq(min);
        VectorMask<Float> extreme = max.sub(min)
                .lt(LEAST_RANGE)
                .andNot(flat)
                .or(max.lt(ScaleSearch.LARGE).not())
                .or(min.lt(-ScaleSearch.LARGE));
        if (extreme.anyTrue()) {
            return false;
        }
        FloatVector inverse = FloatVector.broadcast(F, (float) rule.maxCode()).div(max.sub(min));
        FloatVector base = min;
        FloatVector scale = FloatVector.broadcast(F, 1f).div(inverse);
        assign(s, end, inverse, min, rule.maxCode());
        FloatVector bestError = error(s, end, scale, min, rule.penalty());
        for (int step = 0; step <= rule.steps(); step++) {
            FloatVector stretched =
                    FloatVector.broadcast(F, rule.stretched(step)).div(max.sub(min));
            IntVector last = lastCode(rule.maxCode());
            FloatVector sumC = FloatVector.zero(F);
            FloatVector sumCc = FloatVector.zero(F);
            FloatVector sumXc = FloatVector.zero(F);
            for (int i = 0; i < end; i += N) {
                FloatVector number = FloatVector.fromArray(F, s, i);
                FloatVector code = code(number, stretched, min, last);
                code.intoArray(s, TRIAL + i);
                FloatVector weighted = FloatVector.fromArray(F, s, WEIGHTS + i).mul(code);
                sumC = sumC.add(weighted);
                sumCc = sumCc.add(weighted.mul(code));
                sumXc = sumXc.add(weighted.mul(number));
            }
            FloatVector determinant = sumW.mul(sumCc).sub(sumC.mul(sumC));
            FloatVector newScale = sumW.mul(sumXc).sub(sumX.mul(sumC)).div(determinant);
            FloatVector newMin = sumCc.mul(sumX).sub(sumC.mul(sumXc)).div(determinant);
            VectorMask<Float> above = newMin.compare(VectorOperators.GT, 0f);
            newScale = newScale.blend(sumXc.div(sumCc), above);
            newMin = newMin.blend(0f, above);
            FloatVector newError = error(s, end, newScale, newMin, rule.penalty());
            VectorMask<Float> better = newError.lt(bestError).and(determinant.compare(VectorOperators.GT, 0f));
            inverse = inverse.blend(stretched, better);
            base = base.blend(min, better);
            bestError = bestError.blend(newError, better);
            scale = scale.blend(newScale, better);
            min = min.blend(newMin, better);
        }
        assign(s, end, inverse.blend(0f, flat), base, rule.maxCode());
        scale.blend(0f, flat).intoArray(scales, j);
        min.neg().intoArray(mins, j);
        return true;
    }

    private static FloatVector rms(float[] s, AffineRule rule) {
        FloatVector sum = FloatVector.zero(F);
        if (rule.penalty() == Penalty.ABSOLUTE) {
            return sum;
        }
        for (int i = 0; i < rule.size() * N; i += N) {
            FloatVector number = FloatVector.fromArray(F, s, i);
            sum = sum.add(number.mul(number));
        }
        return sum.div((float) rule.size()).sqrt();
    }

    /// Codes of numbers, as floats.
    private static FloatVector code(FloatVector number, FloatVector inverse, FloatVector min, IntVector last) {
        return inverse.mul(number.sub(min))
                .add(Rounding.SHIFT)
                .reinterpretAsInts()
                .max(SHIFT_BITS)
                .min(last)
                .reinterpretAsFloats()
                .sub(Rounding.SHIFT);
    }

    private static IntVector lastCode(int maxCode) {
        return IntVector.broadcast(LANES.i32(), Float.floatToRawIntBits(Rounding.SHIFT + maxCode));
    }

    private static void assign(float[] s, int end, FloatVector inverse, FloatVector min, int maxCode) {
        IntVector last = lastCode(maxCode);
        for (int i = 0; i < end; i += N) {
            code(FloatVector.fromArray(F, s, i), inverse, min, last).intoArray(s, TRIAL + i);
        }
    }

    private static FloatVector error(float[] s, int end, FloatVector scale, FloatVector min, Penalty penalty) {
        FloatVector sum = FloatVector.zero(F);
        if (penalty == Penalty.ABSOLUTE) {
            for (int i = 0; i < end; i += N) {
                FloatVector weight = FloatVector.fromArray(F, s, WEIGHTS + i);
                sum = sum.add(weight.mul(difference(s, i, scale, min).abs()));
            }
            return sum;
        }
        for (int i = 0; i < end; i += N) {
            FloatVector difference = difference(s, i, scale, min);
            FloatVector weight = FloatVector.fromArray(F, s, WEIGHTS + i);
            sum = sum.add(weight.mul(difference.mul(difference)));
        }
        return sum;
    }

    private static FloatVector difference(float[] s, int i, FloatVector scale, FloatVector min) {
        return scale.mul(FloatVector.fromArray(F, s, TRIAL + i)).add(min).sub(FloatVector.fromArray(F, s, i));
    }
}
