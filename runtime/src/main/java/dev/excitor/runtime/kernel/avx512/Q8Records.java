package dev.excitor.runtime.kernel.avx512;

/// Activations for the tile kernels: each 32 numbers of a row as bytes, with a copy of everything that is the same for
/// them, so that a kernel broadcasts each and reads one cache line.
///
/// ```text
///  byte  0        32      36       40      44          52         60   64
///        +--------+-------+--------+-------+-----------+----------+----+
///        | q[32]  | scale | offset | sum   | offset[2] | sum[2]   | -  |   x[i] = scale q[i]
///        | i8     | f32   | i32    | f32   | i32       | f32      |    |
///        +--------+-------+--------+-------+-----------+----------+----+
///  offset  -128 times the sum of q: what unsigned weights have too much of
///  sum     scale times the sum of q: what meets minimums
///  [2]     the same of each half
/// ```
final class Q8Records {

    static final int BYTES = 64;
    static final int SCALE = 32;
    static final int OFFSET = 36;
    static final int SUM = 40;
    static final int HALF_OFFSETS = 44;
    static final int HALF_SUMS = 52;

    private Q8Records() {}

    /// Bytes from one row of activations to the next.
    static int rowBytes(int cols) {
        return cols / 32 * BYTES;
    }
}
