package dev.excitor.runtime.kernel.avx2;

/// Activations for the row kernels: eight steps of 32 numbers of a row together, so that what belongs to a step is in
/// one lane of eight, and multiplies all of them at once. A row whose last eight are not full has an octet all the
/// same.
///
/// ```text
///  byte  0      256        288      320          384            640
///        +------+----------+--------+------------+--------------+
///        | q    | scale[8] | sum[8] | sum[8][2]  | offset[8]    |   x[i] = scale[i / 32] q[i]
///        | i8   | f32      |        | f32        | 16 i16 each  |
///        +------+----------+--------+------------+--------------+
///  sum     for affine weights, f32, scale times the sum of q: what meets minimums;
///          for symmetric weights in pairs, i32, the sum of q times what stands for 0
///  [2]     for affine weights, scale times the sum of each half's q
///  offset  for symmetric weights not in pairs, the sums of each two neighbours' q, times what stands for 0
/// ```
///
/// What is for other weights than a picture's is not written. Of a step that the row does not have, scale and sums are
/// 0.
///
/// @param middle the power of two that stands for 0 of symmetric weights, and is what unsigned ones have too much of; 0
///               for other weights
/// @param pairs  whether steps lie in pairs, i and i + 4: the first half of both, then the last half of both
record Q8Octets(int middle, boolean pairs) {

    static final int BYTES = 640;
    static final int SCALES = 256;
    static final int SUMS = 288;
    static final int HALF_SUMS = 320;
    static final int OFFSETS = 384;

    /// Steps of an octet.
    static final int STEPS = 8;

    /// Steps from one of a pair to the other.
    static final int PAIR = STEPS / 2;

    /// Numbers of an octet.
    static final int NUMBERS = STEPS * Q8Records.STEP;

    /// Byte of an octet where half a step's q are.
    int half(int step, int half) {
        int bytes = Q8Records.STEP / 2;
        return pairs ? step % PAIR * 4 * bytes + half * 2 * bytes + step / PAIR * bytes : (2 * step + half) * bytes;
    }

    /// Octets of a row.
    static int ofRow(int cols) {
        return Math.ceilDiv(cols, NUMBERS);
    }

    /// Bytes from one row of activations to the next.
    static int rowBytes(int cols) {
        return ofRow(cols) * BYTES;
    }
}
