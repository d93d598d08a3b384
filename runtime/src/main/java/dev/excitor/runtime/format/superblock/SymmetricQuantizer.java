package dev.excitor.runtime.format.superblock;

import dev.excitor.runtime.format.Blocks;
import dev.excitor.runtime.vector.Lanes;
import dev.excitor.runtime.vector.Templates;

/// Quantizes super-blocks of 256 numbers as `d * scale[j] * code`, sixteen to a sub-block j, with signed integer scales
/// and codes (Q3_K and Q6_K).
///
/// Each sub-block gets the scale that a search finds; the scale of largest magnitude becomes the end of the scales'
/// range and fixes `d`; the codes are then chosen once more for the rounded scales. Holds the results of the latest
/// super-block; not for use by two threads.
public final class SymmetricQuantizer {

    /// How a format fits its sub-blocks.
    public enum Rule {
        /// Many levels: [ScaleSearch#sweep].
        SWEEP,
        /// Few levels: [ScaleSearch#refine].
        REFINE;

        private SymmetricSearch scalar() {
            return switch (this) {
                case SWEEP -> SymmetricSearch.SWEEP;
                case REFINE -> SymmetricSearch.REFINE;
            };
        }

        private Class<? extends SymmetricSearch> vector() {
            return switch (this) {
                case SWEEP -> SweepVector.class;
                case REFINE -> RefineVector.class;
            };
        }
    }

    private static final int SIZE = SymmetricSearch.SIZE;

    private final int levels;
    private final int scaleLevels;
    private final SymmetricSearch search;
    private final Rounding rounding;
    private final float[] scratch = new float[SymmetricSearch.SCRATCH];
    private final float[] exactScales = new float[SymmetricSearch.COUNT];
    private final int[] scales = new int[SymmetricSearch.COUNT];
    private final int[] codes = new int[SymmetricSearch.SUPER_BLOCK];
    private float d;

    private SymmetricQuantizer(int levels, int scaleLevels, SymmetricSearch search, Rounding rounding) {
        this.levels = levels;
        this.scaleLevels = scaleLevels;
        this.search = search;
        this.rounding = rounding;
    }

    /// The definition.
    ///
    /// @param levels      codes are in `[-levels, levels - 1]`
    /// @param scaleLevels scales are in `[-scaleLevels, scaleLevels - 1]`
    public static SymmetricQuantizer scalar(int levels, int scaleLevels, Rule rule) {
        return new SymmetricQuantizer(levels, scaleLevels, rule.scalar(), Rounding.SCALAR);
    }

    /// Equal to the definition bit for bit.
    ///
    /// @param bits width of the vectors
    public static SymmetricQuantizer vector(int levels, int scaleLevels, Rule rule, int bits) {
        Lanes lanes = Lanes.ofBits(bits);
        return new SymmetricQuantizer(
                levels,
                scaleLevels,
                Templates.instantiate(rule.vector(), SymmetricSearch.class, lanes),
                Templates.instantiate(RoundingVector.class, Rounding.class, lanes));
    }

    /// Quantizes 256 finite numbers from index `from`.
    ///
    /// @return false if all of them are as good as zero: such a super-block is written as bytes of zero, and nothing
    /// else
    ///         here means anything
    public boolean quantize(float[] x, int from) {
        search.search(x, from, levels, scratch, exactScales, codes);
        float largest = Blocks.largest(exactScales, 0, exactScales.length);
        if (Math.abs(largest) < ScaleSearch.ZERO) {
            return false;
        }
        float inverse = -scaleLevels / largest;
        d = Float.float16ToFloat(Float.floatToFloat16(1 / inverse));
        Rounding finite = Float.isFinite(d) ? rounding : Rounding.SCALAR;
        for (int j = 0; j < scales.length; j++) {
            scales[j] = ScaleSearch.nearest(inverse * exactScales[j], -scaleLevels, scaleLevels - 1);
            float step = d * scales[j];
            if (step != 0) {
                finite.round(x, from + j * SIZE, SIZE, 0, step, -levels, levels - 1, codes, j * SIZE);
            }
        }
        return true;
    }

    /// The scale of the whole super-block, representable in binary16.
    public float d() {
        return d;
    }

    public int scale(int subBlock) {
        return scales[subBlock];
    }

    public int code(int i) {
        return codes[i];
    }
}
