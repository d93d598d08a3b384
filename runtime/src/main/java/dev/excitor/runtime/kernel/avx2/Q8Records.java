package dev.excitor.runtime.kernel.avx2;

/// Activations for the tile kernels: each 32 numbers of a row as bytes, with what is the same for all weight rows, in
/// one cache line.
///
/// ```text
///  byte  0        32      36      40          48      52         60      64
///        +--------+-------+-------+-----------+-------+----------+-------+
///        | q[32]  | scale | sum   | sum[2]    | pairs | pairs[2] | total |   x[i] = scale q[i]
///        | i8     | f32   | f32   | f32       | 2 i16 | 2 x 2 i16| i32   |
///        +--------+-------+-------+-----------+-------+----------+-------+
///  sum    scale times the sum of q: what meets minimums
///  pairs  the sums of q[i] over i % 4 < 2 and over i % 4 > 1: what unsigned weights have too much of, divided by
///         what stands for 0, see TileKernel
///  [2]    the same of each half
///  total  the sum of q
/// ```
final class Q8Records {

    static final int BYTES = 64;
    static final int SCALE = 32;
    static final int SUM = 36;
    static final int HALF_SUMS = 40;
    static final int PAIRS = 48;
    static final int HALF_PAIRS = 52;
    static final int TOTAL = 60;

    /// Numbers of a record.
    static final int STEP = 32;

    private Q8Records() {}

    /// Bytes from one row of activations to the next.
    static int rowBytes(int cols) {
        return cols / STEP * BYTES;
    }
}
