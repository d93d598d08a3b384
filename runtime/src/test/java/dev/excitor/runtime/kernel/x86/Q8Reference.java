package dev.excitor.runtime.kernel.x86;

/// The definition of activations rounded to bytes, which every quantizing kernel must give bit for bit:
///
/// ```text
/// for each 32 numbers    m = max |x|    scale = m (1/127)    q = round(x (127/m)), ties to even; 0 where m = 0
/// ```
///
/// `m` is the largest bit pattern without its sign, so that infinities and NaN survive in the scale; what is no
/// number after the multiplication becomes 0. So does a run whose `127/m` overflows, which is smaller than 2^-121.
public final class Q8Reference {

    public static final int RUN = 32;

    /// 32 numbers.
    public record Run(float scale, byte[] q) {

        static Run of(float[] x, int from) {
            int largest = 0;
            for (int i = 0; i < RUN; i++) {
                largest = Math.max(largest, Float.floatToRawIntBits(x[from + i]) & 0x7fffffff);
            }
            float m = Float.intBitsToFloat(largest);
            float inverse = m == 0 ? 0 : 127f / m;
            byte[] q = new byte[RUN];
            for (int i = 0; i < RUN; i++) {
                q[i] = round(x[from + i] * inverse);
            }
            return new Run(m * (1 / 127f), q);
        }

        private static byte round(float number) {
            return Float.isFinite(number) ? (byte) Math.rint(number) : 0;
        }

        /// The sum of bytes `[from, to)`.
        public int sum(int from, int to) {
            int sum = 0;
            for (int i = from; i < to; i++) {
                sum += q[i];
            }
            return sum;
        }
    }

    private Q8Reference() {}

    /// What the kernels multiply instead of `x`, exactly: the length is a multiple of 32.
    public static double[] rounded(float[] x) {
        double[] result = new double[x.length];
        for (int from = 0; from < x.length; from += RUN) {
            Run run = Run.of(x, from);
            for (int i = 0; i < RUN; i++) {
                result[from + i] = (double) run.scale() * run.q()[i];
            }
        }
        return result;
    }
}
