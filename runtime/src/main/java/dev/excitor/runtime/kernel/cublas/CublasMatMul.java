package dev.excitor.runtime.kernel.cublas;

import dev.excitor.runtime.Tensor;
import dev.excitor.runtime.kernel.Activations;
import dev.excitor.runtime.kernel.GradientMatMul;
import dev.excitor.runtime.kernel.MatMul;
import dev.excitor.runtime.kernel.Packing;
import dev.excitor.runtime.team.Worker;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// One matrix on the device for many rows of activations, and the CPU's kernel for few.
final class CublasMatMul implements MatMul {

    private final Gpu gpu;
    private final HalfPacking packing;
    private final DeviceProduct product;
    private final MatMul cpu;
    private final int leastRows;
    private final @Nullable CublasGradient gradient;

    /// @param leastRows of activations for which the device is used
    CublasMatMul(Gpu gpu, HalfPacking packing, DeviceMatrix matrix, MatMul cpu, int leastRows) {
        this.gpu = gpu;
        this.packing = packing;
        this.product = new DeviceProduct(gpu, matrix, Side.FORWARD);
        this.cpu = cpu;
        this.leastRows = leastRows;
        this.gradient =
                DeviceProduct.fitsSlot(matrix.cols()) ? new CublasGradient(gpu, packing, matrix, leastRows) : null;
    }

    @Override
    public String name() {
        return leastRows == 1 ? "cublas" : "cublas(%d+)/%s".formatted(leastRows, cpu.name());
    }

    @Override
    public @Nullable Packing<?> packing(int rows) {
        return rows < leastRows || gpu.isLost() ? cpu.packing(rows) : packing;
    }

    /// The CPU's too, whatever the rows: it takes over when the device fails.
    @Override
    public List<Packing<?>> packings() {
        List<Packing<?>> all = new ArrayList<>(cpu.packings());
        if (!gpu.isLost()) {
            all.add(packing);
        }
        return List.copyOf(all);
    }

    @Override
    public void apply(Worker worker, Tensor w, Activations x, MemorySegment y, int yStride) {
        if (x.rows() < leastRows || !gpu.enter()) {
            cpu.apply(worker, w, x, y, yStride);
            return;
        }
        try {
            product.multiply(worker, x.packed(packing), x.rows(), y, yStride, false);
        } finally {
            gpu.leave();
        }
    }

    /// None for a matrix so wide that a row of dX is more than comes down at once.
    @Override
    public @Nullable GradientMatMul gradient() {
        return gradient;
    }
}
