package dev.excitor.runtime.kernel.avx2;

import static dev.excitor.runtime.foreign.Addresses.readable;
import static dev.excitor.runtime.foreign.Addresses.writable;

import dev.excitor.runtime.foreign.MachineCode;
import dev.excitor.runtime.kernel.Activations;
import dev.excitor.runtime.kernel.Packing;
import dev.excitor.runtime.kernel.x86.Q8Packing;
import dev.excitor.runtime.team.Worker;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/// A few rows of activations as [Q8Octets].
final class OctetPacking implements Packing<MemorySegment> {

    private final MachineCode quantize;
    private final int mostRows;

    /// @param quantize draws the picture
    /// @param mostRows rows that any kernel reads at once
    OctetPacking(MachineCode quantize, int mostRows) {
        this.quantize = quantize;
        this.mostRows = mostRows;
    }

    @Override
    public MemorySegment allocate(Arena arena, int capacity, int cols) {
        return arena.allocate((long) Math.min(capacity, mostRows) * Q8Octets.rowBytes(cols), 64);
    }

    @Override
    public void pack(Worker worker, Activations x, MemorySegment packed) {
        int cols = x.cols();
        int octets = Q8Octets.ofRow(cols);
        int items = x.rows() * octets;
        for (int item = worker.from(items, 1); item < worker.to(items, 1); item++) {
            int col = item % octets * Q8Octets.NUMBERS;
            int numbers = Math.min(Q8Octets.NUMBERS, cols - col);
            long from = 4L * ((long) item / octets * cols + col);
            long source = readable(x.data(), from, 4L * numbers);
            long target = writable(packed, (long) item * Q8Octets.BYTES, Q8Octets.BYTES);
            Q8Packing.quantize(quantize, worker, source, numbers / Q8Records.STEP, target);
        }
    }
}
