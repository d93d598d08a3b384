package dev.excitor.runtime.format.superblock;

import dev.excitor.runtime.vector.Lanes;
import dev.excitor.runtime.vector.Templates;
import java.lang.invoke.MethodHandles;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/// [ScaleSearch#sweep] with a sub-block in every lane: each lane does what the definition does, in the same order, so
/// that the results are equal bit for bit.
public final class SweepVector implements SymmetricSearch {

    private static final Lanes LANES = Templates.lanes(MethodHandles.lookup());
    private static final VectorSpecies<Float> F = LANES.f32();
    private static final VectorSpecies<Integer> I = LANES.i32();
    private static final int N = F.length();
    private static final int END = SIZE * N;

    /// Where codes start in the scratch, behind the numbers.
    private static final int CODES = SUPER_BLOCK;

    public SweepVector() {}

    @Override
    public void search(float[] x, int from, int levels, float[] scratch, float[] scales, int[] codes) {
        for (int j = 0; j < COUNT; j += N) {
            Transposed.load(x, from + j * SIZE, SIZE, N, scratch);
            if (!searchGroup(levels, scratch, scales, j)) {
                SWEEP.search(x, from, levels, scratch, scales, codes);
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
        VectorMask<Float> ordinary = largest.abs().lt(ScaleSearch.LARGE);
        if (!ordinary.allTrue()) {
            return false;
        }
        VectorMask<Float> zero = largest.abs().lt(ScaleSearch.ZERO);
        FloatVector scale = FloatVector.zero(F);
        FloatVector best = scale;
        FloatVector bestInverse = scale;
        IntVector low = IntVector.broadcast(I, Float.floatToRawIntBits(Rounding.SHIFT - levels));
        IntVector high = IntVector.broadcast(I, Float.floatToRawIntBits(Rounding.SHIFT + (levels - 1)));
        for (int attempt = 0; attempt < ScaleSearch.SWEEPS; attempt++) {
            FloatVector inverse = FloatVector.broadcast(F, ScaleSearch.stretched(levels, attempt))
                    .div(largest);
            FloatVector sumXc = FloatVector.zero(F);
            FloatVector sumCc = FloatVector.zero(F);
            for (int i = 0; i < END; i += N) {
                FloatVector number = FloatVector.fromArray(F, s, i);
                FloatVector code = code(number, inverse, low, high);
                FloatVector weight = number.mul(number);
                sumXc = sumXc.add(weight.mul(number).mul(code));
                sumCc = sumCc.add(weight.mul(code).mul(code));
            }
            VectorMask<Float> positive = sumCc.compare(VectorOperators.GT, 0f);
            FloatVector newScale = sumXc.div(sumCc).blend(0f, positive.not());
            VectorMask<Float> better = attempt == 0
                    ? ordinary
                    : sumXc.mul(sumXc)
                            .compare(VectorOperators.GT, best.mul(sumCc))
                            .and(positive);
            scale = scale.blend(newScale, better);
            best = best.blend(newScale.mul(sumXc), better);
            bestInverse = bestInverse.blend(inverse, better);
        }
        for (int i = 0; i < END; i += N) {
            code(FloatVector.fromArray(F, s, i), bestInverse, low, high)
                    .blend((float) -levels, zero)
                    .intoArray(s, CODES + i);
        }
        scale.blend(0f, zero).intoArray(scales, j);
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

    private static FloatVector code(FloatVector number, FloatVector inverse, IntVector low, IntVector high) {
        return inverse.mul(number)
                .add(Rounding.SHIFT)
                .reinterpretAsInts()
                .max(low)
                .min(high)
                .reinterpretAsFloats()
                .sub(Rounding.SHIFT);
    }
}
