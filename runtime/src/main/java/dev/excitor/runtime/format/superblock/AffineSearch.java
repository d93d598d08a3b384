package dev.excitor.runtime.format.superblock;

/// Finds scale, min and codes of every sub-block of a super-block. Stateless: scratch comes from the caller.
interface AffineSearch {

    /// Floats of scratch that any search may use.
    int SCRATCH = 3 * AffineRule.SUPER_BLOCK + 12 * 16;

    /// @param x       256 finite numbers from index `from`
    /// @param scratch [#SCRATCH] floats
    /// @param scales  receives the scale of each sub-block
    /// @param mins    receives what is to be subtracted in each sub-block, not negative
    /// @param codes   receives 256 codes
    void search(float[] x, int from, AffineRule rule, float[] scratch, float[] scales, float[] mins, int[] codes);
}
