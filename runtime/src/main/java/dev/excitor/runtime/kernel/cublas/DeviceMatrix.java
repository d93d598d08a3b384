package dev.excitor.runtime.kernel.cublas;

import java.lang.foreign.MemorySegment;

/// A matrix on the device: `W = factor W'`, with W' in f16, row-major.
///
/// @param pointer to W'
/// @param factor  a power of two, one f32 on the host
record DeviceMatrix(long pointer, int rows, int cols, MemorySegment factor) {

    static long bytes(int rows, int cols) {
        return 2L * rows * cols;
    }

    long bytes() {
        return bytes(rows, cols);
    }
}
