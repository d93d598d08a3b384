package dev.excitor.runtime.kernel.x86;

import static dev.excitor.runtime.foreign.Addresses.readable;
import static dev.excitor.runtime.foreign.Addresses.writable;

import dev.excitor.runtime.Tensor;
import dev.excitor.runtime.foreign.Arguments;
import dev.excitor.runtime.foreign.MachineCode;
import dev.excitor.runtime.kernel.Activations;
import dev.excitor.runtime.kernel.MatMul;
import dev.excitor.runtime.kernel.Packing;
import dev.excitor.runtime.team.Worker;
import java.lang.foreign.MemorySegment;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Products of float weights with one row of f32 activations at a time, in machine code.
final class FloatMatMul implements MatMul {

    /// Rows are dealt to workers in runs of so many, whose results share no cache line.
    private static final int GRAIN = 16;

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
        int from = worker.from(rows, GRAIN);
        int count = worker.to(rows, GRAIN) - from;
        if (count == 0) {
            return;
        }
        long weights = readable(w.data(), from * w.rowBytes(), count * w.rowBytes());
        long xBytes = 4L * w.shape().cols();
        Arguments arguments = worker.arguments(RowArguments.BYTES);
        for (int i = 0; i < x.rows(); i++) {
            long source = readable(x.data(), i * xBytes, xBytes);
            long target = writable(y, 4L * ((long) i * yStride + from), 4L * count);
            arguments.set(RowArguments.W, weights);
            arguments.set(RowArguments.ROWS, count);
            arguments.set(RowArguments.X, source);
            arguments.set(RowArguments.Y, target);
            rowKernel.call(arguments);
        }
    }
}
