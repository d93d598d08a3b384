package dev.excitor.model.evaluation;

import java.util.Arrays;

/// Numbers that are kept, so that one can ask for their quantiles.
public final class Sample {

    private final Moments moments = new Moments();
    private double[] values = new double[1024];
    private int size;
    private boolean sorted;

    /// Takes one number.
    public void add(double value) {
        if (size == values.length) {
            values = Arrays.copyOf(values, 2 * size);
        }
        values[size] = value;
        size++;
        sorted = false;
        moments.add(value);
    }

    public int size() {
        return size;
    }

    /// Their mean with its standard error.
    public Estimate mean() {
        return moments.mean();
    }

    /// The number below which a fraction of all lies, between two of them by linear interpolation: 0 gives the least,
    /// 0.5 the median, 1 the greatest. NaN when there are none.
    public double quantile(double fraction) {
        if (!(fraction >= 0 && fraction <= 1)) {
            throw new IllegalArgumentException("a quantile's fraction lies between 0 and 1, not " + fraction);
        }
        if (size == 0) {
            return Double.NaN;
        }
        if (!sorted) {
            Arrays.sort(values, 0, size);
            sorted = true;
        }
        double place = fraction * (size - 1);
        int below = (int) place;
        int above = Math.min(below + 1, size - 1);
        return values[below] + (place - below) * (values[above] - values[below]);
    }
}
