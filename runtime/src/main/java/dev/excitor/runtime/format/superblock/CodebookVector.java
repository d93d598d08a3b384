package dev.excitor.runtime.format.superblock;

import dev.excitor.runtime.vector.Lanes;
import dev.excitor.runtime.vector.Templates;
import java.lang.invoke.MethodHandles;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/// The search with a block in every lane, where each lane does what the definition does, in the same order, so that the
/// results are equal bit for bit. A code is how many of the midpoints between two values a number has reached.
public final class CodebookVector implements Codebook {

    private static final Lanes LANES = Templates.lanes(MethodHandles.lookup());
    private static final VectorSpecies<Float> F = LANES.f32();
    private static final VectorSpecies<Integer> I = LANES.i32();
    private static final int N = F.length();
    private static final int END = BLOCK * N;

    public CodebookVector() {}

    @Override
    public void search(float[] x, int from, int blocks, byte[] values, float[] scratch, float[] scales) {
        int j = 0;
        for (; j + N <= blocks; j += N) {
            Transposed.load(x, from + j * BLOCK, BLOCK, N, scratch);
            if (!searchGroup(values, scratch, scales, j)) {
                CodebookScalar.INSTANCE.search(x, from, blocks, values, scratch, scales);
                return;
            }
        }
        for (; j < blocks; j++) {
            scales[j] = ScaleSearch.codebook(x, from + j * BLOCK, BLOCK, values);
        }
    }

    /// @return false if there are extreme numbers, with nothing done
    private static boolean searchGroup(byte[] values, float[] s, float[] scales, int j) {
        FloatVector largest = largest(s);
        VectorMask<Float> ordinary = largest.abs().lt(ScaleSearch.LARGE);
        if (!ordinary.allTrue()) {
            return false;
        }
        VectorMask<Float> zero = largest.abs().lt(ScaleSearch.ZERO);
        FloatVector scale = FloatVector.zero(F);
        FloatVector best = scale;
        for (int attempt = 0; attempt < ScaleSearch.ATTEMPTS; attempt++) {
            FloatVector inverse = attempt == 0
                    ? FloatVector.broadcast(F, 1f).div(largest.neg().div((float) values[0]))
                    : FloatVector.broadcast(F, (float) (attempt - 8 + values[0]))
                            .div(largest);
            FloatVector sumXv = FloatVector.zero(F);
            FloatVector sumVv = FloatVector.zero(F);
            for (int i = 0; i < END; i += N) {
                FloatVector number = FloatVector.fromArray(F, s, i);
                FloatVector weight = number.mul(number);
                FloatVector value = value(inverse.mul(number), values);
                FloatVector weighted = weight.mul(value);
                sumXv = sumXv.add(weighted.mul(number));
                sumVv = sumVv.add(weighted.mul(value));
            }
            VectorMask<Float> positive = sumVv.compare(VectorOperators.GT, 0f);
            FloatVector newScale = sumXv.div(sumVv).blend(0f, positive.not());
            VectorMask<Float> better = attempt == 0
                    ? ordinary
                    : sumXv.mul(sumXv)
                            .compare(VectorOperators.GT, best.mul(sumVv))
                            .and(positive);
            scale = scale.blend(newScale, better);
            best = best.blend(newScale.mul(sumXv), better);
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

    /// The value nearest to each number, the upper one of two equally near.
    private static FloatVector value(FloatVector number, byte[] values) {
        FloatVector twice = number.add(number);
        FloatVector value = FloatVector.broadcast(F, (float) values[0]);
        for (int k = 1; k < 16; k++) {
            VectorMask<Float> reached = twice.compare(VectorOperators.GE, (float) (values[k - 1] + values[k]));
            value = value.blend((float) values[k], reached);
        }
        return value;
    }

    @Override
    public void round(float[] x, int from, float inverse, byte[] values, int[] codes) {
        for (int i = 0; i < BLOCK; i += N) {
            FloatVector number = FloatVector.fromArray(F, x, from + i).mul(inverse);
            FloatVector twice = number.add(number);
            IntVector code = IntVector.zero(I);
            for (int k = 1; k < 16; k++) {
                VectorMask<Float> reached = twice.compare(VectorOperators.GE, (float) (values[k - 1] + values[k]));
                code = code.add(1, reached.cast(I));
            }
            code.intoArray(codes, i);
        }
    }
}
