package dev.excitor.runtime.kernel.vector;

import dev.excitor.runtime.kernel.Activations;
import dev.excitor.runtime.kernel.Packing;
import dev.excitor.runtime.team.Worker;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;

/// Activations with vector lanes over tokens: `[panel][col][PANEL]` floats, missing rows of the last panel zero.
final class FloatPanels implements Packing<float[]> {

    /// Tokens in a panel.
    static final int PANEL = 32;

    static final FloatPanels INSTANCE = new FloatPanels();

    private FloatPanels() {}

    @Override
    public float[] allocate(Arena arena, int capacity, int cols) {
        return new float[capacity == 1 ? 0 : Math.multiplyExact(panels(capacity) * PANEL, cols)];
    }

    @Override
    public void pack(Worker worker, Activations x, float[] packed) {
        int rows = x.rows();
        int cols = x.cols();
        int panels = panels(rows);
        for (int panel = worker.from(panels, 1); panel < worker.to(panels, 1); panel++) {
            int base = panel * PANEL * cols;
            for (int lane = 0; lane < PANEL; lane++) {
                int row = panel * PANEL + lane;
                if (row < rows) {
                    long at = 4L * row * cols;
                    for (int col = 0; col < cols; col++) {
                        packed[base + col * PANEL + lane] =
                                x.data().get(ValueLayout.JAVA_FLOAT_UNALIGNED, at + 4L * col);
                    }
                } else {
                    for (int col = 0; col < cols; col++) {
                        packed[base + col * PANEL + lane] = 0;
                    }
                }
            }
        }
    }

    private static int panels(int rows) {
        return (rows + PANEL - 1) / PANEL;
    }
}
