package dev.excitor.runtime.kernel.avx512;

/// Activations for the row kernels: each step of 64 numbers of a row as bytes, with everything that belongs to a byte's
/// lane beside it, so that a kernel loads whole registers.
///
/// ```text
///  byte  0          64            128           192          256
///        +----------+-------------+-------------+------------+
///        | q[64]    | scale[16]   | offset[16]  | sum[16]    |   x[i] = scale[i / 4] q[i]
///        | i8       | f32         | i32         | f32        |
///        +----------+-------------+-------------+------------+
///  scale[l]   that of numbers 4l to 4l+3, the same for each 32
///  offset[l]  -128 times the sum of their q: what unsigned weights have too much of
///  sum[l]     scale times the sum of their q: what meets minimums
/// ```
final class Q8Lanes {

    static final int STEP_BYTES = 256;
    static final int SCALE = 64;
    static final int OFFSET = 128;
    static final int SUM = 192;

    private Q8Lanes() {}

    /// Bytes from one row of activations to the next.
    static int rowBytes(int cols) {
        return cols / 64 * STEP_BYTES;
    }
}
