package dev.excitor.runtime.kernel.x86;

/// Weights as they stand in a panel.
public interface PanelWeights {

    boolean affine();

    /// A weight's scale times its integer.
    float product(int row, int col);

    /// What is added to that; affine formats only.
    float min(int row, int col);

    /// The weight, every operation rounded to float.
    default float weight(int row, int col) {
        return affine() ? product(row, col) + min(row, col) : product(row, col);
    }

    /// The magnitudes of its terms, which may cancel each other.
    default float magnitude(int row, int col) {
        return Math.abs(product(row, col)) + (affine() ? Math.abs(min(row, col)) : 0);
    }
}
