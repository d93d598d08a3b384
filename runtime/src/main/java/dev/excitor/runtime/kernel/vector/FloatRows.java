package dev.excitor.runtime.kernel.vector;

import dev.excitor.runtime.kernel.Activations;
import dev.excitor.runtime.kernel.Packing;
import dev.excitor.runtime.team.Worker;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/// A few activations as they are, `[row][col]`, in an array: C2 checks an index of an array at less cost than an offset
/// in a segment, of which it has to know the class first.
final class FloatRows implements Packing<float[]> {

    /// The most rows there can be.
    static final int ROWS = 11;

    static final FloatRows INSTANCE = new FloatRows();

    private static final int GRAIN = 256;

    private FloatRows() {}

    @Override
    public float[] allocate(Arena arena, int capacity, int cols) {
        return new float[Math.multiplyExact(Math.min(capacity, ROWS), cols)];
    }

    @Override
    public void pack(Worker worker, Activations x, float[] packed) {
        int numbers = x.rows() * x.cols();
        int from = worker.from(numbers, GRAIN);
        MemorySegment.copy(
                x.data(), ValueLayout.JAVA_FLOAT_UNALIGNED, 4L * from, packed, from, worker.to(numbers, GRAIN) - from);
    }
}
