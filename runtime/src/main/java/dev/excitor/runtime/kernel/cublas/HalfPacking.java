package dev.excitor.runtime.kernel.cublas;

import dev.excitor.runtime.format.Blocks;
import dev.excitor.runtime.kernel.Activations;
import dev.excitor.runtime.kernel.Packing;
import dev.excitor.runtime.team.Worker;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/// Activations as f16. A row is multiplied with the power of two that brings its largest number to some 2^14, so that
/// none overflows and none but those of no weight beside it lose digits: `|x' - x| <= 2^-11 |x| + 2^-39 max |row| +
/// 2^-151`.
final class HalfPacking implements Packing<HalfRows> {

    private static final ValueLayout.OfShort HALF = ValueLayout.JAVA_SHORT;

    private final Gpu gpu;

    HalfPacking(Gpu gpu) {
        this.gpu = gpu;
    }

    @Override
    public HalfRows allocate(Arena arena, int capacity, int cols) {
        if (!gpu.enter()) {
            return new HalfRows(MemorySegment.NULL, MemorySegment.NULL, 0);
        }
        try {
            long bytes = 2L * capacity * cols;
            return new HalfRows(gpu.hostMemory(bytes, arena), gpu.deviceMemory(bytes, arena), capacity);
        } finally {
            gpu.leave();
        }
    }

    @Override
    public void pack(Worker worker, Activations x, HalfRows packed) {
        if (!gpu.enter()) {
            return; // another member has failed, and nobody will read this
        }
        try {
            if (worker.index() == 0) {
                packed.uploaded(0);
            }
            int cols = x.cols();
            float[] row = worker.floats(cols);
            for (int i = worker.from(x.rows(), 1); i < worker.to(x.rows(), 1); i++) {
                Blocks.copyF32(x.data(), 4L * i * cols, row, 0, cols);
                int power = PowerOfTwo.towards(max(row, cols));
                packed.factor(i, PowerOfTwo.of(-power));
                round(row, cols, PowerOfTwo.of(power), packed.host(), 2L * i * cols);
            }
        } finally {
            gpu.leave();
        }
    }

    private static float max(float[] row, int cols) {
        float max = 0;
        for (int col = 0; col < cols; col++) {
            max = Math.max(max, Math.abs(row[col]));
        }
        return max;
    }

    private static void round(float[] row, int cols, float factor, MemorySegment target, long at) {
        for (int col = 0; col < cols; col++) {
            target.set(HALF, at + 2L * col, Float.floatToFloat16(factor * row[col]));
        }
    }
}
