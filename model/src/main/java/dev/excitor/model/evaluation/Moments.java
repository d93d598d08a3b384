package dev.excitor.model.evaluation;

/// Mean and spread of numbers that come one by one.
///
/// Source: Welford, "Note on a method for calculating corrected sums of squares and products", 1962, which has no
/// difference of large sums.
public final class Moments {

    private long count;
    private double mean;
    private double squares;

    /// Takes one number.
    public void add(double value) {
        count++;
        double before = value - mean;
        mean += before / count;
        squares += before * (value - mean);
    }

    /// How many numbers there were.
    public long count() {
        return count;
    }

    /// Their mean square distance from the mean.
    public double variance() {
        return squares / count;
    }

    /// Their mean; its standard error is `sqrt(variance / (count - 1))`.
    public Estimate mean() {
        return new Estimate(count == 0 ? Double.NaN : mean, Math.sqrt(variance() / (count - 1)));
    }
}
