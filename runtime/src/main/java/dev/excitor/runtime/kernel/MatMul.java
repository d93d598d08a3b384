package dev.excitor.runtime.kernel;

import dev.excitor.runtime.Tensor;
import dev.excitor.runtime.team.Worker;
import java.lang.foreign.MemorySegment;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// One way to multiply activations by the transpose of a matrix, `Y[n, rows] = X[n, cols] W[rows, cols]^T`. Immutable
/// and shared by all sessions; scratch comes with the [Worker] and the [Activations].
public interface MatMul {

    /// For people: `vector(512)`.
    String name();

    /// The packed form of `rows` activation rows that this kernel reads, or null where it reads the rows themselves.
    @Nullable
    Packing<?> packing(int rows);

    /// Every packed form that [#packing] can ask for, so that room is made before any product.
    List<Packing<?>> packings();

    /// Computes this worker's share of the product; every member of the team must call it, and the same products in the
    /// same order, since a kernel may have barriers of its own. The caller puts a barrier before it (x and its packed
    /// form complete) and behind it (y complete); several products of the same x need none in between.
    ///
    /// @param w       the matrix, [rows, cols]
    /// @param x       n rows of cols numbers
    /// @param y       receives n rows of `rows` numbers, f32, row i at byte `4 i yStride`
    /// @param yStride numbers from one row of y to the next
    void apply(Worker worker, Tensor w, Activations x, MemorySegment y, int yStride);

    /// The way back through the same product, where this kernel has one; null where it is left to
    /// [dev.excitor.runtime.ops.Gemm].
    default @Nullable GradientMatMul gradient() {
        return null;
    }
}
