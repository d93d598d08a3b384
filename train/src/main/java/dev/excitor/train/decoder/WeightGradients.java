package dev.excitor.train.decoder;

import dev.excitor.runtime.team.Worker;
import java.lang.foreign.MemorySegment;

/// Receives what the gradients of a decoder's own weights are made of, as the backward pass comes by, for whoever
/// trains those too; with frozen weights there is none of these. Called by every member of the team, between barriers.
///
/// All gradients are sums over rows and are to be added to what is there: [dev.excitor.train.ops.LinearGradient] and
/// the others do so.
public interface WeightGradients {

    /// The matrices of a layer.
    enum Matrix {
        Q,
        K,
        V,
        O,
        GATE,
        UP,
        DOWN
    }

    /// The norms of a layer.
    enum Norm {
        ATTENTION,
        FFN
    }

    /// `Y = X W^T` of a layer.
    ///
    /// @param dy `[n, rows]`
    /// @param x  `[n, cols]`
    void linear(Worker worker, int layer, Matrix matrix, MemorySegment dy, MemorySegment x, int n);

    /// A norm of a layer.
    ///
    /// @param x  `[n, C]`, what it received
    /// @param dy `[n, C]`
    void norm(Worker worker, int layer, Norm norm, MemorySegment x, MemorySegment dy, int n);

    /// The output matrix.
    ///
    /// @param dLogits `[n, V]`
    /// @param x       `[n, C]`
    void output(Worker worker, MemorySegment dLogits, MemorySegment x, int n);

    /// The norm before the output matrix.
    void outputNorm(Worker worker, MemorySegment x, MemorySegment dy, int n);

    /// The embedding.
    ///
    /// @param dx `[n, C]`
    void embedding(Worker worker, int[] tokens, MemorySegment dx, int n);
}
