package dev.excitor.runtime.kernel.cublas;

/// From which side a matrix `W[rows, cols]` is met.
enum Side {
    /// `Y[n, rows] = X[n, cols] W^T`.
    FORWARD,
    /// `dX[n, cols] = dY[n, rows] W`, the way back.
    BACK;

    /// Numbers in a row of what the matrix meets.
    int read(DeviceMatrix w) {
        return this == FORWARD ? w.cols() : w.rows();
    }

    /// Numbers in a row of the result.
    int made(DeviceMatrix w) {
        return this == FORWARD ? w.rows() : w.cols();
    }
}
