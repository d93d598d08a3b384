package dev.excitor.runtime.ops;

import dev.excitor.runtime.format.Blocks;
import dev.excitor.runtime.team.Worker;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/// Cosines and sines of one batch of positions, computed once per forward pass and shared by all its layers. Scratch of
/// a session.
///
/// Row i belongs to position `first + i` and holds, for the channels in their order, the cosines and then the sines,
/// each twice because channels come in pairs; the sine of a pair's first channel is negated. Rotation is then
/// `x * cosines + swapped(x) * sines` with no case to distinguish.
public final class RopeTable {

    private final RopeFrequencies frequencies;
    private final MemorySegment data;
    private final int capacity;

    /// @param capacity most positions in a batch
    public RopeTable(Arena arena, RopeFrequencies frequencies, int capacity) {
        this.frequencies = frequencies;
        this.capacity = capacity;
        this.data = arena.allocate(Math.multiplyExact(8L * frequencies.rotated(), (long) capacity), 64);
    }

    /// Computes this worker's share of the rows; the caller puts a barrier behind it.
    ///
    /// @param first the position of the first row
    /// @param n     rows, at most the capacity
    public void fill(Worker worker, int first, int n) {
        if (n > capacity) {
            throw new IllegalArgumentException("%d positions in a table for %d".formatted(n, capacity));
        }
        int rotated = frequencies.rotated();
        for (int row = worker.from(n, 1); row < worker.to(n, 1); row++) {
            long cosines = cosines(row);
            long sines = sines(row);
            for (int pair = 0; pair < rotated / 2; pair++) {
                double angle = (first + (double) row) * frequencies.radians(pair);
                float cosine = (float) (Math.cos(angle) * frequencies.magnitude());
                float sine = (float) (Math.sin(angle) * frequencies.magnitude());
                Blocks.putF32(data, cosines + 8L * pair, cosine);
                Blocks.putF32(data, cosines + 8L * pair + 4, cosine);
                Blocks.putF32(data, sines + 8L * pair, -sine);
                Blocks.putF32(data, sines + 8L * pair + 4, sine);
            }
        }
    }

    /// Channels of a head that turn.
    public int rotated() {
        return frequencies.rotated();
    }

    /// The cosine of a pair's angle at a row's position, times the magnitude.
    public float cosine(int row, int pair) {
        return Blocks.f32(data, cosines(row) + 8L * pair);
    }

    /// The sine of a pair's angle at a row's position, times the magnitude.
    public float sine(int row, int pair) {
        return Blocks.f32(data, sines(row) + 8L * pair + 4);
    }

    /// The whole table, native.
    public MemorySegment data() {
        return data;
    }

    /// Byte where the cosines of a row start.
    public long cosines(int row) {
        return 8L * rotated() * row;
    }

    /// Byte where the sines of a row start.
    public long sines(int row) {
        return cosines(row) + 4L * rotated();
    }
}
