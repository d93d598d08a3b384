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
/// A search is cut into short methods that hand vectors over in the scratch: of a longer one C2 compiles the beginning
/// and leaves the rest as calls that make objects. Super-blocks of extreme numbers, whose intermediate results are
/// infinite, are left to the definition.
public final class AffineVector implements AffineSearch {

    private static final Lanes LANES = Templates.lanes(MethodHandles.lookup());
    private static final VectorSpecies<Float> F = LANES.f32();
    private static final VectorSpecies<Integer> I = LANES.i32();
    private static final int N = F.length();
    private static final int SHIFT_BITS = Float.floatToRawIntBits(Rounding.SHIFT);
    private static final AffineScalar DEFINITION = new AffineScalar();

    /// The range of a sub-block from which on the reciprocals of all steps are finite.
    private static final float LEAST_RANGE = 0x1p-100f;

    // Where what lies in the scratch: numbers, weights and trial codes, transposed, and then a vector each of what the
    // definition keeps in variables.
    private static final int WEIGHTS = AffineRule.SUPER_BLOCK;
    private static final int TRIAL = 2 * AffineRule.SUPER_BLOCK;
    private static final int MIN = 3 * AffineRule.SUPER_BLOCK;
    private static final int MAX = MIN + N;
    private static final int SUM_W = MAX + N;
    private static final int SUM_X = SUM_W + N;
    private static final int STRETCHED = SUM_X + N;
    private static final int NEW_SCALE = STRETCHED + N;
    private static final int NEW_MIN = NEW_SCALE + N;
    private static final int DETERMINANT = NEW_MIN + N;
    private static final int BEST_ERROR = DETERMINANT + N;
    private static final int SCALE = BEST_ERROR + N;

    /// With these the best codes were made.
    private static final int INVERSE = SCALE + N;

    private static final int BASE = INVERSE + N;

    public AffineVector() {}

    @Override
    public void search(
            float[] x, int from, AffineRule rule, float[] scratch, float[] scales, float[] mins, int[] codes) {
        int end = rule.size() * N;
        for (int j = 0; j < rule.count(); j += N) {
            Transposed.load(x, from + j * rule.size(), rule.size(), N, scratch);
            weigh(scratch, end, rule);
            sum(scratch, end);
            if (isExtreme(scratch)) {
                DEFINITION.search(x, from, rule, scratch, scales, mins, codes);
                return;
            }
            start(scratch, rule.maxCode());
            assign(scratch, end, rule.maxCode());
            judge(scratch, end, rule.penalty() == Penalty.ABSOLUTE);
            for (int step = 0; step <= rule.steps(); step++) {
                fit(scratch, end, rule.stretched(step), rule.maxCode());
                judge(scratch, end, rule.penalty() == Penalty.ABSOLUTE);
            }
            finish(scratch, scales, mins, j);
            assign(scratch, end, rule.maxCode());
            Transposed.store(scratch, TRIAL, rule.size(), N, codes, j * rule.size());
        }
    }

    private static void weigh(float[] s, int end, AffineRule rule) {
        FloatVector rms = FloatVector.zero(F);
        if (rule.penalty() == Penalty.SQUARED) {
            for (int i = 0; i < end; i += N) {
                FloatVector number = FloatVector.fromArray(F, s, i);
                rms = rms.add(number.mul(number));
            }
            rms = rms.div((float) rule.size()).sqrt();
        }
        for (int i = 0; i < end; i += N) {
            rms.add(FloatVector.fromArray(F, s, i).abs()).intoArray(s, WEIGHTS + i);
        }
    }

    private static void sum(float[] s, int end) {
        FloatVector first = FloatVector.fromArray(F, s, 0);
        FloatVector min = first;
        FloatVector max = first;
        FloatVector sumW = FloatVector.fromArray(F, s, WEIGHTS);
        FloatVector sumX = sumW.mul(first);
        for (int i = N; i < end; i += N) {
            FloatVector number = FloatVector.fromArray(F, s, i);
            FloatVector weight = FloatVector.fromArray(F, s, WEIGHTS + i);
            min = min.min(number);
            max = max.max(number);
            sumW = sumW.add(weight);
            sumX = sumX.add(weight.mul(number));
        }
        min.min(0).intoArray(s, MIN);
        max.intoArray(s, MAX);
        sumW.intoArray(s, SUM_W);
        sumX.intoArray(s, SUM_X);
    }

    private static boolean isExtreme(float[] s) {
        for (int lane = 0; lane < N; lane++) {
            float min = s[MIN + lane];
            float max = s[MAX + lane];
            if (!(max < ScaleSearch.LARGE && min > -ScaleSearch.LARGE && (max == min || max - min > LEAST_RANGE))) {
                return true;
            }
        }
        return false;
    }

    /// What the search starts from: any error is better than infinity. A sub-block of one number only, zero or below,
    /// gets codes and a scale of zero and an error of zero, which nothing is better than.
    private static void start(float[] s, int maxCode) {
        FloatVector min = FloatVector.fromArray(F, s, MIN);
        FloatVector max = FloatVector.fromArray(F, s, MAX);
        FloatVector inverse = FloatVector.broadcast(F, (float) maxCode).div(max.sub(min));
        FloatVector one = FloatVector.broadcast(F, 1f);
        one.div(inverse).intoArray(s, NEW_SCALE);
        inverse = inverse.blend(0f, max.eq(min));
        inverse.intoArray(s, STRETCHED);
        inverse.intoArray(s, INVERSE);
        min.intoArray(s, BASE);
        min.intoArray(s, NEW_MIN);
        one.intoArray(s, DETERMINANT);
        FloatVector.broadcast(F, Float.POSITIVE_INFINITY).intoArray(s, BEST_ERROR);
    }

    /// Trial codes for [#INVERSE] and [#BASE].
    private static void assign(float[] s, int end, int maxCode) {
        FloatVector inverse = FloatVector.fromArray(F, s, INVERSE);
        FloatVector base = FloatVector.fromArray(F, s, BASE);
        IntVector last = IntVector.broadcast(I, Float.floatToRawIntBits(Rounding.SHIFT + maxCode));
        for (int i = 0; i < end; i += N) {
            inverse.mul(FloatVector.fromArray(F, s, i).sub(base))
                    .add(Rounding.SHIFT)
                    .reinterpretAsInts()
                    .max(SHIFT_BITS)
                    .min(last)
                    .reinterpretAsFloats()
                    .sub(Rounding.SHIFT)
                    .intoArray(s, TRIAL + i);
        }
    }

    /// Trial codes for a range of so many codes, and the scale and the min that fit them best.
    private static void fit(float[] s, int end, float range, int maxCode) {
        FloatVector min = FloatVector.fromArray(F, s, MIN);
        FloatVector stretched = FloatVector.broadcast(F, range)
                .div(FloatVector.fromArray(F, s, MAX).sub(min));
        IntVector last = IntVector.broadcast(I, Float.floatToRawIntBits(Rounding.SHIFT + maxCode));
        FloatVector sumC = FloatVector.zero(F);
        FloatVector sumCc = FloatVector.zero(F);
        FloatVector sumXc = FloatVector.zero(F);
        for (int i = 0; i < end; i += N) {
            FloatVector number = FloatVector.fromArray(F, s, i);
            FloatVector code = stretched
                    .mul(number.sub(min))
                    .add(Rounding.SHIFT)
                    .reinterpretAsInts()
                    .max(SHIFT_BITS)
                    .min(last)
                    .reinterpretAsFloats()
                    .sub(Rounding.SHIFT);
            code.intoArray(s, TRIAL + i);
            FloatVector weighted = FloatVector.fromArray(F, s, WEIGHTS + i).mul(code);
            sumC = sumC.add(weighted);
            sumCc = sumCc.add(weighted.mul(code));
            sumXc = sumXc.add(weighted.mul(number));
        }
        stretched.intoArray(s, STRETCHED);
        FloatVector sumW = FloatVector.fromArray(F, s, SUM_W);
        FloatVector sumX = FloatVector.fromArray(F, s, SUM_X);
        FloatVector determinant = sumW.mul(sumCc).sub(sumC.mul(sumC));
        determinant.intoArray(s, DETERMINANT);
        FloatVector newMin = sumCc.mul(sumX).sub(sumC.mul(sumXc)).div(determinant);
        VectorMask<Float> above = newMin.compare(VectorOperators.GT, 0f);
        newMin.blend(0f, above).intoArray(s, NEW_MIN);
        sumW.mul(sumXc)
                .sub(sumX.mul(sumC))
                .div(determinant)
                .blend(sumXc.div(sumCc), above)
                .intoArray(s, NEW_SCALE);
    }

    /// Takes the new scale and min where the trial codes are off by less with them than the best so far.
    private static void judge(float[] s, int end, boolean absolute) {
        FloatVector newScale = FloatVector.fromArray(F, s, NEW_SCALE);
        FloatVector newMin = FloatVector.fromArray(F, s, NEW_MIN);
        FloatVector newError = FloatVector.zero(F);
        if (absolute) {
            for (int i = 0; i < end; i += N) {
                FloatVector difference = newScale.mul(FloatVector.fromArray(F, s, TRIAL + i))
                        .add(newMin)
                        .sub(FloatVector.fromArray(F, s, i));
                newError = newError.add(FloatVector.fromArray(F, s, WEIGHTS + i).mul(difference.abs()));
            }
        } else {
            for (int i = 0; i < end; i += N) {
                FloatVector difference = newScale.mul(FloatVector.fromArray(F, s, TRIAL + i))
                        .add(newMin)
                        .sub(FloatVector.fromArray(F, s, i));
                newError = newError.add(FloatVector.fromArray(F, s, WEIGHTS + i).mul(difference.mul(difference)));
            }
        }
        VectorMask<Float> better = newError.lt(FloatVector.fromArray(F, s, BEST_ERROR))
                .and(FloatVector.fromArray(F, s, DETERMINANT).compare(VectorOperators.GT, 0f));
        take(s, BASE, FloatVector.fromArray(F, s, MIN), better);
        take(s, INVERSE, FloatVector.fromArray(F, s, STRETCHED), better);
        take(s, BEST_ERROR, newError, better);
        take(s, SCALE, newScale, better);
        take(s, MIN, newMin, better);
    }

    private static void take(float[] s, int at, FloatVector better, VectorMask<Float> where) {
        FloatVector.fromArray(F, s, at).blend(better, where).intoArray(s, at);
    }

    private static void finish(float[] s, float[] scales, float[] mins, int j) {
        for (int lane = 0; lane < N; lane++) {
            scales[j + lane] = s[SCALE + lane];
            mins[j + lane] = -s[MIN + lane];
        }
    }
}
