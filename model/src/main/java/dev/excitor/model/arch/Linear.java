package dev.excitor.model.arch;

import dev.excitor.runtime.Tensor;
import dev.excitor.runtime.kernel.Activations;
import dev.excitor.runtime.kernel.Kernels;
import dev.excitor.runtime.kernel.MatMul;
import dev.excitor.runtime.team.Worker;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/// A matrix with the kernel that multiplies it in each regime: where format, shape and processor meet in a value.
///
/// @param weights [rows, cols]
/// @param bias    `rows` f32 numbers, or null
/// @param decode  for one row of activations
/// @param prefill for more
public record Linear(Tensor weights, @Nullable MemorySegment bias, Kernels.Choice decode, Kernels.Choice prefill) {

    /// Rows of the matrix: numbers in a row of the result.
    public int rows() {
        return weights.shape().rows();
    }

    public MatMul kernel(int n) {
        return n == 1 ? decode.kernel() : prefill.kernel();
    }

    public boolean wantsPacked(int n) {
        return kernel(n).wantsPacked(n);
    }

    /// `y = x W^T`, this worker's share, without the bias. See [MatMul#apply] for the barriers round it.
    public void apply(Worker worker, Activations x, MemorySegment y) {
        kernel(x.rows()).apply(worker, weights, x, y, rows());
    }
}
