package dev.excitor.train.ops;

import dev.excitor.model.arch.Linear;
import dev.excitor.runtime.Tensor;
import dev.excitor.runtime.kernel.Activations;
import dev.excitor.runtime.kernel.GradientMatMul;
import dev.excitor.runtime.kernel.Packing;
import dev.excitor.runtime.ops.Gemm;
import dev.excitor.runtime.team.Worker;
import java.lang.foreign.MemorySegment;

/// The way back through `Y[n, rows] = X[n, cols] W[rows, cols]^T`.
public final class LinearGradient {

    /// Rows of a weight gradient that are dealt to workers together: whole tiles of every width.
    private static final int ROW_GRAIN = 12;

    private final Gemm gemm;

    public LinearGradient(Gemm gemm) {
        this.gemm = gemm;
    }

    /// `dX = dY W`, or `dX += dY W`, from the very weights that the forward pass used, in any format; on a GPU where
    /// they are there and the rows are many.
    ///
    /// @param dy  n rows of `rows` numbers, complete, with room for the packed forms of [Linear#gradientPackings]
    /// @param dx  `[n, cols]`
    /// @param add whether to add to what is in dx
    public void input(Worker worker, Linear matrix, Activations dy, MemorySegment dx, boolean add) {
        int n = dy.rows();
        GradientMatMul kernel = matrix.kernel(n).gradient();
        Packing<?> packing = kernel == null ? null : kernel.packing(n);
        if (kernel != null && packing != null) {
            dy.pack(worker, packing);
            worker.barrier();
            kernel.apply(worker, dy, dx, add);
        } else {
            input(worker, matrix.weights(), dy.data(), n, dx, add);
        }
    }

    private void input(Worker worker, Tensor w, MemorySegment dy, int n, MemorySegment dx, boolean add) {
        int rows = w.shape().rows();
        int cols = w.shape().cols();
        int grain = Gemm.grain(w);
        gemm.multiply(
                worker,
                Gemm.View.of(dy, rows),
                w,
                Gemm.View.of(dx, cols),
                n,
                worker.from(cols, grain),
                worker.to(cols, grain),
                add);
    }

    /// `dW += dY^T X`, for weights that are trained.
    ///
    /// @param dy `[n, rows]`
    /// @param x  `[n, cols]`
    /// @param dw f32 `[rows, cols]`
    public void weights(Worker worker, MemorySegment dy, MemorySegment x, int n, int rows, int cols, MemorySegment dw) {
        int from = worker.from(rows, ROW_GRAIN);
        int mine = worker.to(rows, ROW_GRAIN) - from;
        gemm.multiply(
                worker,
                Gemm.View.of(dy, rows).transpose().from(from, 0),
                Gemm.View.of(x, cols),
                Gemm.View.of(dw, cols).from(from, 0),
                mine,
                cols,
                n,
                true);
    }
}
