package dev.excitor.runtime.kernel.avx512;

import dev.excitor.runtime.foreign.MachineCode;
import dev.excitor.runtime.kernel.Activations;
import dev.excitor.runtime.kernel.Packing;
import dev.excitor.runtime.team.Worker;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/// Activations rounded to bytes, in one of two pictures: [Q8Lanes] or [Q8Records].
///
/// Columns are cut into runs of at most so many as a kernel takes at a time. All rows of a run lie behind each other,
/// one run behind the other: a kernel that walks down the rows reads memory from one end to the other.
final class Q8Packing implements Packing<MemorySegment> {

    private static final int STEP = 64;

    private final MachineCode quantize;
    private final int stepBytes;
    private final int mostRows;
    private final int mostCols;

    /// @param quantize  a [QuantizeKernel]
    /// @param stepBytes bytes of 64 numbers in the picture
    /// @param mostRows  rows that any kernel reads at once
    /// @param mostCols  columns of a run, a multiple of 64
    Q8Packing(MachineCode quantize, int stepBytes, int mostRows, int mostCols) {
        this.quantize = quantize;
        this.stepBytes = stepBytes;
        this.mostRows = mostRows;
        this.mostCols = mostCols;
    }

    @Override
    public MemorySegment allocate(Arena arena, int capacity, int cols) {
        return arena.allocate((long) Math.min(capacity, mostRows) * (cols / STEP) * stepBytes, STEP);
    }

    /// Byte of the packed form where a row's part of a run starts.
    ///
    /// @param n   rows packed
    /// @param col the run's first column
    long offset(int n, int row, int col, int cols) {
        int width = Math.min(mostCols, cols - col);
        return ((long) n * col + (long) row * width) / STEP * stepBytes;
    }

    @Override
    public void pack(Worker worker, Activations x, MemorySegment packed) {
        int n = x.rows();
        int cols = x.cols();
        int runs = Math.ceilDiv(cols, mostCols);
        if (runs == 1) {
            int steps = n * (cols / STEP);
            int from = worker.from(steps, 1);
            quantize(worker, x, from, packed, (long) from * stepBytes, worker.to(steps, 1) - from);
            return;
        }
        for (int item = worker.from(n * runs, 1); item < worker.to(n * runs, 1); item++) {
            int row = item / runs;
            int col = item % runs * mostCols;
            int from = row * (cols / STEP) + col / STEP;
            quantize(worker, x, from, packed, offset(n, row, col, cols), Math.min(mostCols, cols - col) / STEP);
        }
    }

    /// Steps of x from the given one on.
    private void quantize(Worker worker, Activations x, int from, MemorySegment packed, long to, int steps) {
        if (steps == 0) {
            return;
        }
        MemorySegment source = x.data().asSlice(4L * STEP * from, 4L * STEP * steps);
        MemorySegment target = packed.asSlice(to, (long) steps * stepBytes);
        MemorySegment arguments = worker.memory(Avx512MatMul.WORKER_BYTES);
        arguments.set(ValueLayout.JAVA_LONG, QuantizeKernel.X, source.address());
        arguments.set(ValueLayout.JAVA_LONG, QuantizeKernel.STEPS, steps);
        arguments.set(ValueLayout.JAVA_LONG, QuantizeKernel.OUT, target.address());
        quantize.call(arguments);
    }
}
