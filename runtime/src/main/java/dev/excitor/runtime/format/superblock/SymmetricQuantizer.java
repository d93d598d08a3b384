package dev.excitor.runtime.format.superblock;

/// Quantizes super-blocks of 256 numbers as `d * scale[j] * code`, sixteen to a sub-block j, with signed integer scales
/// and codes (Q3_K and Q6_K).
///
/// Each sub-block gets the scale that a search finds; the scale of largest magnitude becomes the end of the scales'
/// range and fixes `d`; the codes are then chosen once more for the rounded scales. Holds the results of the latest
/// super-block; not for use by two threads.
public final class SymmetricQuantizer {

    static final int SUPER_BLOCK = 256;
    static final int SIZE = 16;

    /// One of the searches of [ScaleSearch].
    @FunctionalInterface
    public interface Search {
        float scale(float[] x, int from, int count, int levels, int[] codes, int at);
    }

    private final int levels;
    private final int scaleLevels;
    private final Search search;
    private final float[] exactScales = new float[SUPER_BLOCK / SIZE];
    private final int[] scales = new int[SUPER_BLOCK / SIZE];
    private final int[] codes = new int[SUPER_BLOCK];
    private float d;

    /// @param levels      codes are in `[-levels, levels - 1]`
    /// @param scaleLevels scales are in `[-scaleLevels, scaleLevels - 1]`
    public SymmetricQuantizer(int levels, int scaleLevels, Search search) {
        this.levels = levels;
        this.scaleLevels = scaleLevels;
        this.search = search;
    }

    /// Quantizes 256 finite numbers from index `from`.
    ///
    /// @return false if all of them are as good as zero: such a super-block is written as bytes of zero, and nothing
    /// else
    ///         here means anything
    public boolean quantize(float[] x, int from) {
        float largest = 0;
        for (int j = 0; j < scales.length; j++) {
            exactScales[j] = search.scale(x, from + j * SIZE, SIZE, levels, codes, j * SIZE);
            if (Math.abs(exactScales[j]) > Math.abs(largest)) {
                largest = exactScales[j];
            }
        }
        if (Math.abs(largest) < ScaleSearch.ZERO) {
            return false;
        }
        float inverse = -scaleLevels / largest;
        d = Float.float16ToFloat(Float.floatToFloat16(1 / inverse));
        for (int j = 0; j < scales.length; j++) {
            scales[j] = ScaleSearch.nearest(inverse * exactScales[j], -scaleLevels, scaleLevels - 1);
            float step = d * scales[j];
            if (step != 0) {
                for (int i = j * SIZE; i < (j + 1) * SIZE; i++) {
                    codes[i] = ScaleSearch.nearest(x[from + i] / step, -levels, levels - 1);
                }
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
