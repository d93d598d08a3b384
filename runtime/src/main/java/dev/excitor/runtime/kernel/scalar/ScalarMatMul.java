package dev.excitor.runtime.kernel.scalar;

import dev.excitor.runtime.Tensor;
import dev.excitor.runtime.format.Blocks;
import dev.excitor.runtime.kernel.Activations;
import dev.excitor.runtime.kernel.MatMul;
import dev.excitor.runtime.kernel.Packing;
import dev.excitor.runtime.team.Worker;
import java.lang.foreign.MemorySegment;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// The definition of a product: decode a row, multiply and add in double, round once.
public final class ScalarMatMul implements MatMul {

    @Override
    public String name() {
        return "scalar";
    }

    @Override
    public @Nullable Packing<?> packing(int rows) {
        return null;
    }

    @Override
    public List<Packing<?>> packings() {
        return List.of();
    }

    @Override
    public void apply(Worker worker, Tensor w, Activations x, MemorySegment y, int yStride) {
        int rows = w.shape().rows();
        int cols = w.shape().cols();
        float[] weights = worker.floats(cols);
        for (int row = worker.from(rows, 1); row < worker.to(rows, 1); row++) {
            w.format().decode(w.data(), row * w.rowBytes(), weights, 0, cols);
            for (int i = 0; i < x.rows(); i++) {
                double sum = 0;
                for (int col = 0; col < cols; col++) {
                    sum += (double) weights[col] * Blocks.f32(x.data(), 4L * ((long) i * cols + col));
                }
                Blocks.putF32(y, 4L * ((long) i * yStride + row), (float) sum);
            }
        }
    }
}
