package dev.excitor.runtime.kernel;

/// How many activation rows meet a matrix at once, which decides what limits a product.
public enum Regime {
    /// A few rows: limited by reading the weights.
    DECODE,
    /// Many rows: limited by arithmetic.
    PREFILL
}
