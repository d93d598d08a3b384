package dev.excitor.runtime.kernel.x86;

import dev.excitor.runtime.foreign.MachineCode;
import dev.excitor.runtime.kernel.Activations;
import dev.excitor.runtime.kernel.Packing;
import dev.excitor.runtime.team.Worker;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/// Activations rounded to bytes, in a picture that a kernel of each tier draws.
public final class Q8Packing implements Packing<MemorySegment> {

    // the arguments of the kernel, eight bytes each: floats, steps, picture
    public static final int X = 0;
    public static final int STEPS = 8;
    public static final int OUT = 16;
    private static final int ARGUMENTS = 24;

    private static final int ALIGNMENT = 64;

    private final MachineCode quantize;
    private final int step;
    private final int stepBytes;
    private final int mostRows;

    /// @param quantize  draws the picture
    /// @param step      numbers that it takes at a time; rows are whole steps
    /// @param stepBytes bytes of a step in the picture
    /// @param mostRows  rows that any kernel reads at once
    public Q8Packing(MachineCode quantize, int step, int stepBytes, int mostRows) {
        this.quantize = quantize;
        this.step = step;
        this.stepBytes = stepBytes;
        this.mostRows = mostRows;
    }

    @Override
    public MemorySegment allocate(Arena arena, int capacity, int cols) {
        return arena.allocate((long) Math.min(capacity, mostRows) * (cols / step) * stepBytes, ALIGNMENT);
    }

    @Override
    public void pack(Worker worker, Activations x, MemorySegment packed) {
        int steps = x.rows() * (x.cols() / step);
        int from = worker.from(steps, 1);
        int count = worker.to(steps, 1) - from;
        if (count == 0) {
            return;
        }
        MemorySegment source = x.data().asSlice((long) from * step * Float.BYTES, (long) count * step * Float.BYTES);
        MemorySegment target = packed.asSlice((long) from * stepBytes, (long) count * stepBytes);
        MemorySegment arguments = worker.memory(ARGUMENTS);
        arguments.set(ValueLayout.JAVA_LONG, X, source.address());
        arguments.set(ValueLayout.JAVA_LONG, STEPS, count);
        arguments.set(ValueLayout.JAVA_LONG, OUT, target.address());
        quantize.call(arguments);
    }
}
