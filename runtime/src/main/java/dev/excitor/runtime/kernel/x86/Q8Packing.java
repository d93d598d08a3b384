package dev.excitor.runtime.kernel.x86;

import static dev.excitor.runtime.foreign.Addresses.readable;
import static dev.excitor.runtime.foreign.Addresses.writable;

import dev.excitor.runtime.foreign.Arguments;
import dev.excitor.runtime.foreign.MachineCode;
import dev.excitor.runtime.kernel.Activations;
import dev.excitor.runtime.kernel.Packing;
import dev.excitor.runtime.team.Worker;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/// Activations rounded to bytes, in a picture that a kernel of each tier draws.
///
/// Columns are cut into runs of at most so many as a kernel takes at a time. All rows of a run lie behind each
/// other, one run behind the other: a kernel that walks down the rows reads memory from one end to the other.
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
    private final int mostCols;

    /// @param quantize  draws the picture
    /// @param step      numbers that it takes at a time; rows are whole steps
    /// @param stepBytes bytes of a step in the picture
    /// @param mostRows  rows that any kernel reads at once
    /// @param mostCols  columns of a run, whole steps
    public Q8Packing(MachineCode quantize, int step, int stepBytes, int mostRows, int mostCols) {
        this.quantize = quantize;
        this.step = step;
        this.stepBytes = stepBytes;
        this.mostRows = mostRows;
        this.mostCols = mostCols;
    }

    @Override
    public MemorySegment allocate(Arena arena, int capacity, int cols) {
        return arena.allocate((long) Math.min(capacity, mostRows) * (cols / step) * stepBytes, ALIGNMENT);
    }

    /// Byte of the packed form where a row's part of a run starts.
    ///
    /// @param n   rows packed
    /// @param col the run's first column
    public long offset(int n, int row, int col, int cols) {
        int width = Math.min(mostCols, cols - col);
        return ((long) n * col + (long) row * width) / step * stepBytes;
    }

    @Override
    public void pack(Worker worker, Activations x, MemorySegment packed) {
        int n = x.rows();
        int cols = x.cols();
        int runs = Math.ceilDiv(cols, mostCols);
        if (runs == 1) {
            int steps = n * (cols / step);
            int from = worker.from(steps, 1);
            quantize(worker, x, from, packed, (long) from * stepBytes, worker.to(steps, 1) - from);
            return;
        }
        for (int item = worker.from(n * runs, 1); item < worker.to(n * runs, 1); item++) {
            int row = item / runs;
            int col = item % runs * mostCols;
            int from = row * (cols / step) + col / step;
            quantize(worker, x, from, packed, offset(n, row, col, cols), Math.min(mostCols, cols - col) / step);
        }
    }

    /// Steps of x from the given one on.
    private void quantize(Worker worker, Activations x, int from, MemorySegment packed, long to, int steps) {
        if (steps == 0) {
            return;
        }
        long source = readable(x.data(), 4L * step * from, 4L * step * steps);
        long target = writable(packed, to, (long) steps * stepBytes);
        quantize(quantize, worker, source, steps, target);
    }

    /// Calls a kernel that draws a picture, with addresses that are proved.
    public static void quantize(MachineCode kernel, Worker worker, long x, int steps, long out) {
        Arguments arguments = worker.arguments(ARGUMENTS);
        arguments.set(X, x);
        arguments.set(STEPS, steps);
        arguments.set(OUT, out);
        kernel.call(arguments);
    }
}
