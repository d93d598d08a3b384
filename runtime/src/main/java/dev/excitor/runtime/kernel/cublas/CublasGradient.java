package dev.excitor.runtime.kernel.cublas;

import dev.excitor.runtime.kernel.Activations;
import dev.excitor.runtime.kernel.GradientMatMul;
import dev.excitor.runtime.kernel.Packing;
import dev.excitor.runtime.team.Worker;
import java.lang.foreign.MemorySegment;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// The way back through a matrix on the device, for many rows; few, and all after the device has failed, are the CPU's.
///
/// dY is packed as activations are: gradients of 1e-8 are as good as any, since each row is brought into the range of
/// f16 by a power of two of its own.
final class CublasGradient implements GradientMatMul {

    private final Gpu gpu;
    private final HalfPacking packing;
    private final DeviceProduct product;
    private final int leastRows;

    /// @param leastRows of dY for which the device is used
    CublasGradient(Gpu gpu, HalfPacking packing, DeviceMatrix matrix, int leastRows) {
        this.gpu = gpu;
        this.packing = packing;
        this.product = new DeviceProduct(gpu, matrix, Side.BACK);
        this.leastRows = leastRows;
    }

    @Override
    public @Nullable Packing<?> packing(int rows) {
        return rows < leastRows || gpu.isLost() ? null : packing;
    }

    @Override
    public List<Packing<?>> packings() {
        return gpu.isLost() ? List.of() : List.of(packing);
    }

    @Override
    public void apply(Worker worker, Activations dy, MemorySegment dx, boolean add) {
        if (!gpu.enter()) {
            return; // another member has failed, and nobody will read this
        }
        try {
            int cols = product.matrix().cols();
            product.multiply(worker, dy.packed(packing), dy.rows(), dx, cols, add);
        } finally {
            gpu.leave();
        }
    }
}
