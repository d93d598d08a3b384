package dev.excitor.runtime.kernel;

import dev.excitor.runtime.team.Worker;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/// Rows of f32 activations that meet matrices, with the packed form that a prefill kernel wants, made at most once per
/// content and shared by every product of the same rows.
public final class Activations {

    /// Tokens in a panel of the packed form: vector lanes run over tokens.
    public static final int PANEL = 32;

    private final MemorySegment data;
    private final int capacity;
    private final int cols;
    private final float[] packed;
    private int rows;

    /// @param capacity most rows it can hold
    public Activations(Arena arena, int capacity, int cols) {
        this.capacity = capacity;
        this.cols = cols;
        int panels = (capacity + PANEL - 1) / PANEL;
        // first, because an array has a limit that is noticed before any memory is taken
        this.packed = capacity == 1 ? new float[0] : new float[Math.multiplyExact(panels * PANEL, cols)];
        this.data = arena.allocate(4L * capacity * cols, 64);
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

    /// `[panel][col][PANEL]`, valid after [#pack] and a barrier.
    public float[] packed() {
        return packed;
    }

    /// Makes this worker's share of the packed form; missing rows of the last panel are zeros.
    public void pack(Worker worker) {
        int panels = (rows + PANEL - 1) / PANEL;
        for (int panel = worker.from(panels, 1); panel < worker.to(panels, 1); panel++) {
            int base = panel * PANEL * cols;
            for (int lane = 0; lane < PANEL; lane++) {
                int row = panel * PANEL + lane;
                if (row < rows) {
                    long at = 4L * row * cols;
                    for (int col = 0; col < cols; col++) {
                        packed[base + col * PANEL + lane] = data.get(ValueLayout.JAVA_FLOAT_UNALIGNED, at + 4L * col);
                    }
                } else {
                    for (int col = 0; col < cols; col++) {
                        packed[base + col * PANEL + lane] = 0;
                    }
                }
            }
        }
    }
}
