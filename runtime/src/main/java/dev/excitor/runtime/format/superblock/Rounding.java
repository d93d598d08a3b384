package dev.excitor.runtime.format.superblock;

/// Rounds whole runs of numbers to codes.
interface Rounding {

    /// Numbers from 0 to 2^22 that are added to it lose their fraction, rounded to nearest, ties to even: a float of
    /// this size has no bits for one. The bits of the sum, as an integer, rise with the number, so that bounds can be
    /// applied to them, whatever the number's size.
    float SHIFT = 0x1.8p23f;

    /// `codes[at + i] = nearest((x[from + i] + offset) / step, low, high)`.
    ///
    /// @param step finite and not zero
    /// @param low  0 or negative
    /// @param high 0 or positive
    void round(float[] x, int from, int count, float offset, float step, int low, int high, int[] codes, int at);

    /// One by one.
    Rounding SCALAR = (x, from, count, offset, step, low, high, codes, at) -> {
        for (int i = 0; i < count; i++) {
            codes[at + i] = ScaleSearch.nearest((x[from + i] + offset) / step, low, high);
        }
    };
}
