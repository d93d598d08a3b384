package dev.excitor.runtime.kernel.avx512;

import dev.excitor.runtime.foreign.MachineCode;
import dev.excitor.runtime.kernel.Activations;
import dev.excitor.runtime.kernel.Packing;
import dev.excitor.runtime.team.Worker;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/// Activations rounded to bytes, in one of two pictures: [Q8Lanes] or [Q8Records].
final class Q8Packing implements Packing<MemorySegment> {

    private static final int STEP = 64;

    private final MachineCode quantize;
    private final int stepBytes;
    private final int mostRows;

    /// @param quantize  a [QuantizeKernel]
    /// @param stepBytes bytes of 64 numbers in the picture
    /// @param mostRows  rows that any kernel reads at once
    Q8Packing(MachineCode quantize, int stepBytes, int mostRows) {
        this.quantize = quantize;
        this.stepBytes = stepBytes;
        this.mostRows = mostRows;
    }

    @Override
    public MemorySegment allocate(Arena arena, int capacity, int cols) {
        return arena.allocate((long) Math.min(capacity, mostRows) * (cols / STEP) * stepBytes, STEP);
    }

    @Override
    public void pack(Worker worker, Activations x, MemorySegment packed) {
        int steps = x.rows() * (x.cols() / STEP);
        int from = worker.from(steps, 1);
        int count = worker.to(steps, 1) - from;
        if (count == 0) {
            return;
        }
        MemorySegment source = x.data().asSlice((long) from * STEP * Float.BYTES, (long) count * STEP * Float.BYTES);
        MemorySegment target = packed.asSlice((long) from * stepBytes, (long) count * stepBytes);
        MemorySegment arguments = worker.memory(Avx512MatMul.WORKER_BYTES);
        arguments.set(ValueLayout.JAVA_LONG, QuantizeKernel.X, source.address());
        arguments.set(ValueLayout.JAVA_LONG, QuantizeKernel.STEPS, count);
        arguments.set(ValueLayout.JAVA_LONG, QuantizeKernel.OUT, target.address());
        quantize.call(arguments);
    }
}
