package dev.excitor.runtime.kernel.x86.ops;

import dev.excitor.runtime.foreign.MachineCode;
import dev.excitor.runtime.ops.RmsNorm;
import dev.excitor.runtime.team.Worker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/// [RmsNorm] in machine code: squares are summed in double, as the definition has it.
final class NativeRmsNorm implements RmsNorm {

    private final MachineCode sumOfSquares;
    private final MachineCode scale;
    private final RmsNorm portable;
    private final int lanes;

    NativeRmsNorm(MachineCode sumOfSquares, MachineCode scale, RmsNorm portable, int lanes) {
        this.sumOfSquares = sumOfSquares;
        this.scale = scale;
        this.portable = portable;
        this.lanes = lanes;
    }

    @Override
    public void apply(
            Worker worker, MemorySegment x, MemorySegment weight, float eps, MemorySegment y, int n, int width) {
        if (width % lanes != 0) {
            portable.apply(worker, x, weight, eps, y, n, width);
            return;
        }
        for (int row = worker.from(n, 1); row < worker.to(n, 1); row++) {
            long at = 4L * row * width;
            MemorySegment arguments = NativeOps.arguments(worker, x, at, weight, 0, y, at, width, lanes);
            sumOfSquares.call(arguments);
            double sum = 0;
            for (int i = 0; i < lanes; i++) {
                sum += arguments.get(ValueLayout.JAVA_DOUBLE, RowOps.SUMS + 8L * i);
            }
            float factor = (float) (1 / Math.sqrt(sum / width + eps));
            arguments.set(ValueLayout.JAVA_FLOAT, RowOps.FACTOR, factor);
            scale.call(arguments);
        }
    }
}
