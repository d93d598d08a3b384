package dev.excitor.runtime.kernel.avx2;

/// Weights for the tile kernels: 8 rows, interleaved so that a register holds four columns of each of them.
///
/// ```text
/// for each step of 32 columns:
///   q[8]         32 bytes each: register j has columns 4j to 4j+3 of row r in bytes 4r to 4r+3
///   scale[G]     8 floats each: one for each row; G = 1 or 2 groups of columns
///   min[G]       likewise; affine formats only
/// ```
final class Panel {

    static final int ROWS = 8;
    static final int SCALES = 256;

    /// Columns unpacked at a time: two panels of so many stay in the first-level cache, with some activations.
    static final int COLS = 512;

    private Panel() {}

    static int stepBytes(WeightCode code) {
        return SCALES + (code.affine() ? 2 : 1) * code.groupsPerStep() * 32;
    }

    /// Byte of a step where a group's scales are.
    static int scale(int group) {
        return SCALES + 32 * group;
    }

    /// Byte of a step where a group's minimums are.
    static int min(WeightCode code, int group) {
        return SCALES + 32 * (code.groupsPerStep() + group);
    }
}
