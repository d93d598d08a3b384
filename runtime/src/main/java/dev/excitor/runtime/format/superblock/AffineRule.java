package dev.excitor.runtime.format.superblock;

/// How a format's sub-blocks are fitted with `scale * code + min`.
///
/// @param size     numbers in a sub-block
/// @param maxCode  codes are in `[0, maxCode]`
/// @param maxScale scales and mins are in `[0, maxScale]`
/// @param first    the search stretches the range of codes by `first`, `first + 0.1`, …
/// @param steps    as many times, and once more
/// @param penalty  what counts as a bad fit
public record AffineRule(int size, int maxCode, int maxScale, float first, int steps, Penalty penalty) {

    /// What the search makes small.
    public enum Penalty {
        /// The sum of |x| |error|.
        ABSOLUTE,
        /// The sum of (rms + |x|) error².
        SQUARED
    }

    static final int SUPER_BLOCK = 256;

    /// Sub-blocks in a super-block.
    int count() {
        return SUPER_BLOCK / size;
    }

    /// How many codes' worth the range is stretched to at some step of the search.
    float stretched(int step) {
        return first + 0.1f * step + maxCode;
    }
}
