package dev.excitor.runtime.format.superblock;

import java.util.Arrays;

/// Quantizes super-blocks of 256 numbers as `d * scale[j] * code - dMin * min[j]`, with unsigned integer scales, mins
/// and codes for each sub-block j (Q2_K, Q4_K and Q5_K).
///
/// Each sub-block gets the scale and the minimum that a search finds; the largest of each become the end of the integer
/// range and fix `d` and `dMin`; the codes are then chosen once more for the rounded scales and mins. Steps, weights
/// and the order of additions are those of GGML's reference quantizers, so that the same bytes come out. Holds the
/// results of the latest super-block; not for use by two threads.
public final class AffineQuantizer {

    private static final int SUPER_BLOCK = 256;

    /// What the search makes small.
    public enum Penalty {
        /// The sum of |x| |error|.
        ABSOLUTE,
        /// The sum of (rms + |x|) error².
        SQUARED
    }

    private final int size;
    private final int maxCode;
    private final int maxScale;
    private final float first;
    private final int steps;
    private final Penalty penalty;
    private final float[] exactScales;
    private final float[] exactMins;
    private final float[] weights;
    private final int[] trial;
    private final int[] codes = new int[SUPER_BLOCK];
    private final int[] scales;
    private final int[] mins;
    private float d;
    private float dMin;

    /// @param size     numbers in a sub-block
    /// @param maxCode  codes are in `[0, maxCode]`
    /// @param maxScale scales and mins are in `[0, maxScale]`
    /// @param first    the search stretches the range of codes by `first`, `first + 0.1`, …
    /// @param steps    as many times, and once more
    /// @param penalty  what counts as a bad fit
    public AffineQuantizer(int size, int maxCode, int maxScale, float first, int steps, Penalty penalty) {
        this.size = size;
        this.maxCode = maxCode;
        this.maxScale = maxScale;
        this.first = first;
        this.steps = steps;
        this.penalty = penalty;
        this.exactScales = new float[SUPER_BLOCK / size];
        this.exactMins = new float[SUPER_BLOCK / size];
        this.weights = new float[size];
        this.trial = new int[size];
        this.scales = new int[SUPER_BLOCK / size];
        this.mins = new int[SUPER_BLOCK / size];
    }

    /// Quantizes 256 finite numbers from index `from`.
    public void quantize(float[] x, int from) {
        float largestScale = 0;
        float largestMin = 0;
        for (int j = 0; j < scales.length; j++) {
            fit(x, from + j * size, j);
            largestScale = Math.max(largestScale, exactScales[j]);
            largestMin = Math.max(largestMin, exactMins[j]);
        }
        float inverseScale = largestScale > 0 ? maxScale / largestScale : 0;
        float inverseMin = largestMin > 0 ? maxScale / largestMin : 0;
        d = Float.float16ToFloat(Float.floatToFloat16(largestScale / maxScale));
        dMin = Float.float16ToFloat(Float.floatToFloat16(largestMin / maxScale));
        for (int j = 0; j < scales.length; j++) {
            scales[j] = ScaleSearch.nearest(inverseScale * exactScales[j], 0, maxScale);
            mins[j] = ScaleSearch.nearest(inverseMin * exactMins[j], 0, maxScale);
            float step = d * scales[j];
            float min = dMin * mins[j];
            if (step != 0) {
                for (int i = j * size; i < (j + 1) * size; i++) {
                    codes[i] = ScaleSearch.nearest((x[from + i] + min) / step, 0, maxCode);
                }
            }
        }
    }

    /// The scale of the scales, representable in binary16.
    public float d() {
        return d;
    }

    /// The scale of the mins, representable in binary16.
    public float dMin() {
        return dMin;
    }

    public int scale(int subBlock) {
        return scales[subBlock];
    }

    public int min(int subBlock) {
        return mins[subBlock];
    }

    public int code(int i) {
        return codes[i];
    }

    /// Finds scale, min and codes of one sub-block. For fixed codes the best scale and min solve two linear equations;
    /// codes come from stretching the range a little more each time. A min above zero cannot be written and becomes
    /// zero.
    private void fit(float[] x, int from, int j) {
        weigh(x, from);
        float min = x[from];
        float max = x[from];
        float sumW = weights[0];
        float sumX = sumW * x[from];
        for (int i = 1; i < size; i++) {
            min = Math.min(min, x[from + i]);
            max = Math.max(max, x[from + i]);
            sumW += weights[i];
            sumX += weights[i] * x[from + i];
        }
        min = Math.min(min, 0);
        if (max == min) {
            Arrays.fill(codes, j * size, (j + 1) * size, 0);
            exactScales[j] = 0;
            exactMins[j] = -min;
            return;
        }
        float inverse = maxCode / (max - min);
        float scale = 1 / inverse;
        assign(x, from, inverse, min);
        float bestError = error(x, from, scale, min);
        System.arraycopy(trial, 0, codes, j * size, size);
        for (int step = 0; step <= steps; step++) {
            assign(x, from, (first + 0.1f * step + maxCode) / (max - min), min);
            float sumC = 0;
            float sumCc = 0;
            float sumXc = 0;
            for (int i = 0; i < size; i++) {
                float weighted = weights[i] * trial[i];
                sumC += weighted;
                sumCc += weighted * trial[i];
                sumXc += weighted * x[from + i];
            }
            float determinant = sumW * sumCc - sumC * sumC;
            if (determinant > 0) {
                float newScale = (sumW * sumXc - sumX * sumC) / determinant;
                float newMin = (sumCc * sumX - sumC * sumXc) / determinant;
                if (newMin > 0) {
                    newMin = 0;
                    newScale = sumXc / sumCc;
                }
                float newError = error(x, from, newScale, newMin);
                if (newError < bestError) {
                    System.arraycopy(trial, 0, codes, j * size, size);
                    bestError = newError;
                    scale = newScale;
                    min = newMin;
                }
            }
        }
        exactScales[j] = scale;
        exactMins[j] = -min;
    }

    private void weigh(float[] x, int from) {
        float rms = 0;
        if (penalty == Penalty.SQUARED) {
            float sum = 0;
            for (int i = from; i < from + size; i++) {
                sum += x[i] * x[i];
            }
            rms = (float) Math.sqrt(sum / size);
        }
        for (int i = 0; i < size; i++) {
            weights[i] = rms + Math.abs(x[from + i]);
        }
    }

    private void assign(float[] x, int from, float inverse, float min) {
        for (int i = 0; i < size; i++) {
            trial[i] = ScaleSearch.nearest(inverse * (x[from + i] - min), 0, maxCode);
        }
    }

    private float error(float[] x, int from, float scale, float min) {
        float sum = 0;
        for (int i = 0; i < size; i++) {
            float difference = scale * trial[i] + min - x[from + i];
            sum += weights[i] * (penalty == Penalty.ABSOLUTE ? Math.abs(difference) : difference * difference);
        }
        return sum;
    }
}
