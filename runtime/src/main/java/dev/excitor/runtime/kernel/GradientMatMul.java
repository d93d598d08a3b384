package dev.excitor.runtime.kernel;

import dev.excitor.runtime.team.Worker;
import java.lang.foreign.MemorySegment;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// The way back through the product of a [MatMul] whose matrix does not change,
/// `dX[n, cols] = dY[n, rows] W[rows, cols]`, where a kernel has one of its own; otherwise it is
/// [dev.excitor.runtime.ops.Gemm]'s. Immutable and shared, as the kernel is.
public interface GradientMatMul {

    /// The packed form of `rows` rows of dY that it reads, or null where that many rows are left to Gemm. The same for
    /// every member of a team throughout a task.
    @Nullable
    Packing<?> packing(int rows);

    /// Every packed form that [#packing] can ask for, so that room is made before any product.
    List<Packing<?>> packings();

    /// Computes `dX = dY W`, or `dX += dY W`: this worker's share, under the rules of [MatMul#apply].
    ///
    /// @param dy  n rows of `rows` numbers, packed as [#packing] has it
    /// @param dx  `[n, cols]` f32, without gaps
    /// @param add whether to add to what is in dx
    void apply(Worker worker, Activations dy, MemorySegment dx, boolean add);
}
