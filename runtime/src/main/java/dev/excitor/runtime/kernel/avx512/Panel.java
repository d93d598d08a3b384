package dev.excitor.runtime.kernel.avx512;

/// Weights for the tile kernels: 16 rows, interleaved so that a register holds four columns of each of them.
///
/// ```text
/// for each step of 64 columns:
///   q[16]        64 bytes each: register j has columns 4j to 4j+3 of row r in bytes 4r to 4r+3, unsigned
///   scale[G]     16 floats each: one for each row; G = 2 or 4 groups of columns
///   min[G]       likewise; affine formats only
/// ```
final class Panel {

    static final int ROWS = 16;
    static final int SCALES = 1024;

    /// Columns unpacked at a time: two panels of so many stay in the first-level cache.
    static final int COLS = 512;

    private Panel() {}

    static int stepBytes(WeightCode code) {
        return SCALES + (code.affine() ? 2 : 1) * code.groupsPerStep() * 64;
    }

    /// Byte of a step where a group's scales are.
    static int scale(int group) {
        return SCALES + 64 * group;
    }

    /// Byte of a step where a group's minimums are.
    static int min(WeightCode code, int group) {
        return SCALES + 64 * (code.groupsPerStep() + group);
    }

    static int bytes(WeightCode code) {
        return COLS / 64 * stepBytes(code);
    }
}
