package dev.excitor.runtime.kernel;

import dev.excitor.runtime.Tensor;

/// One family of kernels: a CPU's, a portable one, a library's.
///
/// **To add one:** make a folder beside `scalar` and `vector` with a provider that accepts what it is good at and
/// declines the rest with a reason, and add one line to [Kernels].
public interface KernelProvider {

    /// For people: `vector(512)`.
    String name();

    Answer consider(Tensor tensor, Regime regime);

    /// As [#consider], knowing where in a model the matrix stands.
    default Answer consider(Tensor tensor, Regime regime, Place place) {
        return consider(tensor, regime);
    }

    /// Frees what was kept for a matrix whose memory is about to go away. Nothing may be multiplying with it.
    default void release(Tensor tensor) {}

    /// Frees what its kernels need; the engine calls it when nothing runs any more. Closing twice is fine.
    default void close() {}

    /// What a provider says to one kind of matrix in one regime.
    sealed interface Answer {}

    record Accepted(MatMul kernel) implements Answer {}

    /// @param reason a clause that completes "vector(512) declined: "
    record Declined(String reason) implements Answer {}
}
