package dev.excitor.train.ops;

import dev.excitor.runtime.ops.Gradients;
import dev.excitor.runtime.team.Worker;
import java.lang.foreign.MemorySegment;

/// The way back through `h = silu(gate) up`.
public final class SwiGluGradient {

    private static final int GRAIN = 16;

    private final Gradients loops;

    public SwiGluGradient(Gradients loops) {
        this.loops = loops;
    }

    /// Replaces gate and up, what the forward pass had, by the gradients with respect to them.
    ///
    /// @param gate `[n, width]`
    /// @param up   `[n, width]`
    /// @param dh   `[n, width]`
    public void inputs(Worker worker, MemorySegment gate, MemorySegment up, MemorySegment dh, int n, int width) {
        int count = Math.multiplyExact(n, width);
        int from = worker.from(count, GRAIN);
        loops.swiGlu(gate, up, dh, 4L * from, worker.to(count, GRAIN) - from);
    }
}
