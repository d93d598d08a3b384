package dev.excitor.runtime.format.superblock;

import dev.excitor.runtime.vector.Lanes;
import dev.excitor.runtime.vector.Templates;

/// Quantizes super-blocks of 256 numbers as `d * scale[j] * code - dMin * min[j]`, with unsigned integer scales, mins
/// and codes for each sub-block j (Q2_K, Q4_K and Q5_K).
///
/// Each sub-block gets the scale and the minimum that a search finds; the largest of each become the end of the integer
/// range and fix `d` and `dMin`; the codes are then chosen once more for the rounded scales and mins. Holds the
/// results of the latest super-block; not for use by two threads.
public final class AffineQuantizer {

    private final AffineRule rule;
    private final AffineSearch search;
    private final Rounding rounding;
    private final float[] scratch = new float[AffineSearch.SCRATCH];
    private final float[] exactScales;
    private final float[] exactMins;
    private final int[] codes = new int[AffineRule.SUPER_BLOCK];
    private final int[] scales;
    private final int[] mins;
    private float d;
    private float dMin;

    private AffineQuantizer(AffineRule rule, AffineSearch search, Rounding rounding) {
        this.rule = rule;
        this.search = search;
        this.rounding = rounding;
        this.exactScales = new float[rule.count()];
        this.exactMins = new float[rule.count()];
        this.scales = new int[rule.count()];
        this.mins = new int[rule.count()];
    }

    /// The definition.
    public static AffineQuantizer scalar(AffineRule rule) {
        return new AffineQuantizer(rule, new AffineScalar(), Rounding.SCALAR);
    }

    /// Equal to the definition bit for bit.
    ///
    /// @param bits width of the vectors; no more lanes are used than there are sub-blocks
    public static AffineQuantizer vector(AffineRule rule, int bits) {
        Lanes lanes = Lanes.ofBits(Math.min(bits, Float.SIZE * rule.count()));
        return new AffineQuantizer(
                rule,
                Templates.instantiate(AffineVector.class, AffineSearch.class, lanes),
                Templates.instantiate(RoundingVector.class, Rounding.class, lanes));
    }

    /// Quantizes 256 finite numbers from index `from`.
    public void quantize(float[] x, int from) {
        search.search(x, from, rule, scratch, exactScales, exactMins, codes);
        float largestScale = 0;
        float largestMin = 0;
        for (int j = 0; j < scales.length; j++) {
            largestScale = Math.max(largestScale, exactScales[j]);
            largestMin = Math.max(largestMin, exactMins[j]);
        }
        int maxScale = rule.maxScale();
        float inverseScale = largestScale > 0 ? maxScale / largestScale : 0;
        float inverseMin = largestMin > 0 ? maxScale / largestMin : 0;
        d = Float.float16ToFloat(Float.floatToFloat16(largestScale / maxScale));
        dMin = Float.float16ToFloat(Float.floatToFloat16(largestMin / maxScale));
        Rounding finite = Float.isFinite(d) && Float.isFinite(dMin) ? rounding : Rounding.SCALAR;
        for (int j = 0; j < scales.length; j++) {
            scales[j] = ScaleSearch.nearest(inverseScale * exactScales[j], 0, maxScale);
            mins[j] = ScaleSearch.nearest(inverseMin * exactMins[j], 0, maxScale);
            float step = d * scales[j];
            float min = dMin * mins[j];
            if (step != 0) {
                int at = j * rule.size();
                finite.round(x, from + at, rule.size(), min, step, 0, rule.maxCode(), codes, at);
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
}
