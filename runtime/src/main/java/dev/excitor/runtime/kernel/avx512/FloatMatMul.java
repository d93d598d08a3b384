package dev.excitor.runtime.kernel.avx512;

import dev.excitor.runtime.Tensor;
import dev.excitor.runtime.foreign.MachineCode;
import dev.excitor.runtime.kernel.Activations;
import dev.excitor.runtime.kernel.MatMul;
import dev.excitor.runtime.kernel.Packing;
import dev.excitor.runtime.team.Worker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Products of float weights with one row of f32 activations at a time, in machine code.
final class FloatMatMul implements MatMul {

    private final String name;
    private final MachineCode rowKernel;

    FloatMatMul(String name, MachineCode rowKernel) {
        this.name = name;
        this.rowKernel = rowKernel;
    }

    @Override
    public String name() {
        return name;
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
        int from = worker.from(rows, Panel.ROWS);
        int count = worker.to(rows, Panel.ROWS) - from;
        if (count == 0) {
            return;
        }
        MemorySegment weights = w.data().asSlice(from * w.rowBytes(), count * w.rowBytes());
        long xBytes = 4L * w.shape().cols();
        MemorySegment arguments = worker.memory(Avx512MatMul.WORKER_BYTES);
        for (int i = 0; i < x.rows(); i++) {
            MemorySegment source = x.data().asSlice(i * xBytes, xBytes);
            MemorySegment target = y.asSlice(4L * ((long) i * yStride + from), 4L * count);
            arguments.set(ValueLayout.JAVA_LONG, RowKernel.W, weights.address());
            arguments.set(ValueLayout.JAVA_LONG, RowKernel.ROWS, count);
            arguments.set(ValueLayout.JAVA_LONG, RowKernel.X, source.address());
            arguments.set(ValueLayout.JAVA_LONG, RowKernel.Y, target.address());
            rowKernel.call(arguments);
        }
    }
}
