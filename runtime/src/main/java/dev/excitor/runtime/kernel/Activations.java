package dev.excitor.runtime.kernel;

import dev.excitor.runtime.team.Worker;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Collection;
import java.util.List;

/// Rows of f32 activations that meet matrices, with the packed forms that kernels want, made at most once per content
/// and shared by every product of the same rows.
public final class Activations {

    private final MemorySegment data;
    private final int capacity;
    private final int cols;
    private final Packed<?>[] forms;
    private int rows;

    private record Packed<B>(Packing<B> packing, B buffer) {

        static <B> Packed<B> allocate(Packing<B> packing, Arena arena, int capacity, int cols) {
            return new Packed<>(packing, packing.allocate(arena, capacity, cols));
        }

        void fill(Worker worker, Activations x) {
            packing.pack(worker, x, buffer);
        }
    }

    /// @param capacity most rows it can hold
    /// @param packings of all kernels that may read it
    public Activations(Arena arena, int capacity, int cols, Collection<Packing<?>> packings) {
        this.capacity = capacity;
        this.cols = cols;
        this.data = arena.allocate(4L * capacity * cols, 64);
        this.forms = List.copyOf(packings).stream()
                .map(packing -> Packed.allocate(packing, arena, capacity, cols))
                .toArray(Packed<?>[]::new);
    }

    /// f32, row-major, row i at byte `4 i cols`.
    public MemorySegment data() {
        return data;
    }

    public int rows() {
        return rows;
    }

    public int capacity() {
        return capacity;
    }

    public int cols() {
        return cols;
    }

    /// Says how many rows are in use; set by one thread, before a barrier.
    public void rows(int rows) {
        this.rows = rows;
    }

    /// Makes this worker's share of a packed form, see [Packing#pack].
    public void pack(Worker worker, Packing<?> packing) {
        find(packing).fill(worker, this);
    }

    /// A packed form, complete after [#pack] and a barrier.
    @SuppressWarnings("unchecked") // the buffer came from this very packing
    public <B> B packed(Packing<B> packing) {
        return (B) find(packing).buffer;
    }

    private Packed<?> find(Packing<?> packing) {
        for (Packed<?> form : forms) {
            if (form.packing.equals(packing)) {
                return form;
            }
        }
        throw new IllegalArgumentException("these activations were not made for the packing " + packing);
    }
}
