package dev.excitor.model.evaluation;

/// A number with its standard error.
///
/// @param error NaN where it cannot be known, as of a single observation
public record Estimate(double value, double error) {

    /// `e^value`, the error carried over to first order.
    public Estimate exp() {
        double power = Math.exp(value);
        return new Estimate(power, power * error);
    }

    /// The square root, the error carried over to first order; 0 stays 0, exactly.
    public Estimate sqrt() {
        double root = Math.sqrt(value);
        return new Estimate(root, root == 0 ? 0 : error / (2 * root));
    }
}
