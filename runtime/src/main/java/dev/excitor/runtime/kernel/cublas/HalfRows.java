package dev.excitor.runtime.kernel.cublas;

import java.lang.foreign.MemorySegment;

/// Rows of activations in f16, in pinned memory and on the device, each with the factor that was taken out of it.
final class HalfRows {

    private final MemorySegment host;
    private final MemorySegment device;
    private final float[] factors;
    private int uploaded;

    /// @param host   `[capacity, cols]` f16
    /// @param device where room for the same begins
    HalfRows(MemorySegment host, MemorySegment device, int capacity) {
        this.host = host;
        this.device = device;
        this.factors = new float[capacity];
    }

    MemorySegment host() {
        return host;
    }

    long device() {
        return device.address();
    }

    /// What a row's numbers are multiplied with to be what they were.
    float factor(int row) {
        return factors[row];
    }

    void factor(int row, float factor) {
        factors[row] = factor;
    }

    /// Rows that have been sent to the device since they were packed; known to worker 0 alone.
    int uploaded() {
        return uploaded;
    }

    void uploaded(int rows) {
        uploaded = rows;
    }
}
