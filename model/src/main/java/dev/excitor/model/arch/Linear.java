package dev.excitor.model.arch;

import dev.excitor.runtime.Tensor;
import dev.excitor.runtime.kernel.Activations;
import dev.excitor.runtime.kernel.Kernels;
import dev.excitor.runtime.kernel.MatMul;
import dev.excitor.runtime.kernel.Packing;
import dev.excitor.runtime.team.Worker;
import java.lang.foreign.MemorySegment;
import java.util.Objects;
import java.util.stream.Stream;
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

    /// The packed forms of activations that its kernels may want.
    public Stream<Packing<?>> packings() {
        return Stream.of(decode, prefill).flatMap(choice -> choice.kernel().packings().stream());
    }

    /// The packed forms of gradients of its results that its kernels may want on the way back.
    public Stream<Packing<?>> gradientPackings() {
        return Stream.of(decode, prefill)
                .map(choice -> choice.kernel().gradient())
                .filter(Objects::nonNull)
                .flatMap(gradient -> gradient.packings().stream());
    }

    /// Makes this worker's share of every packed form that up to three matrices want of the same activations.
    ///
    /// @return whether there is any, and a barrier needed
    public static boolean pack(Worker worker, Activations x, Linear a, Linear b, Linear c) {
        Packing<?> first = a.packing(x.rows());
        Packing<?> second = b.packing(x.rows());
        Packing<?> third = c.packing(x.rows());
        boolean any = packUnless(worker, x, first, null, null);
        any |= packUnless(worker, x, second, first, null);
        any |= packUnless(worker, x, third, first, second);
        return any;
    }

    private static boolean packUnless(
            Worker worker,
            Activations x,
            @Nullable Packing<?> wanted,
            @Nullable Packing<?> done,
            @Nullable Packing<?> doneToo) {
        if (wanted == null || wanted.equals(done) || wanted.equals(doneToo)) {
            return false;
        }
        x.pack(worker, wanted);
        return true;
    }

    private @Nullable Packing<?> packing(int n) {
        return kernel(n).packing(n);
    }

    /// `y = x W^T`, this worker's share, without the bias. See [MatMul#apply] for the barriers round it.
    public void apply(Worker worker, Activations x, MemorySegment y) {
        kernel(x.rows()).apply(worker, weights, x, y, rows());
    }
}
