package dev.excitor.runtime.format.superblock;

/// Finds scale and codes of every sub-block of a super-block of sixteen by sixteen. Stateless: scratch comes from the
/// caller.
interface SymmetricSearch {

    int SUPER_BLOCK = 256;
    int SIZE = 16;
    int COUNT = SUPER_BLOCK / SIZE;

    /// Floats of scratch that any search may use.
    int SCRATCH = 2 * SUPER_BLOCK;

    /// @param x       256 finite numbers from index `from`
    /// @param levels  codes are in `[-levels, levels - 1]`
    /// @param scratch [#SCRATCH] floats
    /// @param scales  receives the scale of each sub-block
    /// @param codes   receives 256 codes
    void search(float[] x, int from, int levels, float[] scratch, float[] scales, int[] codes);

    /// [ScaleSearch#sweep] for one sub-block after the other.
    SymmetricSearch SWEEP = (x, from, levels, scratch, scales, codes) -> {
        for (int j = 0; j < COUNT; j++) {
            scales[j] = ScaleSearch.sweep(x, from + j * SIZE, SIZE, levels, codes, j * SIZE);
        }
    };

    /// [ScaleSearch#refine] for one sub-block after the other.
    SymmetricSearch REFINE = (x, from, levels, scratch, scales, codes) -> {
        for (int j = 0; j < COUNT; j++) {
            scales[j] = ScaleSearch.refine(x, from + j * SIZE, SIZE, levels, codes, j * SIZE);
        }
    };
}
