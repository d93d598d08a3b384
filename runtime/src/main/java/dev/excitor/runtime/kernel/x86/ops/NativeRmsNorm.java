package dev.excitor.runtime.kernel.x86.ops;

import dev.excitor.runtime.foreign.Arguments;
import dev.excitor.runtime.foreign.MachineCode;
import dev.excitor.runtime.ops.RmsNorm;
import dev.excitor.runtime.team.Worker;
import java.lang.foreign.MemorySegment;

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
            Arguments arguments = NativeOps.arguments(worker, x, at, weight, 0, y, at, width, lanes);
            sumOfSquares.call(arguments);
            double sum = 0;
            for (int i = 0; i < lanes; i++) {
                sum += arguments.doubleAt(RowOps.SUMS + 8 * i);
            }
            float factor = (float) (1 / Math.sqrt(sum / width + eps));
            arguments.setFloat(RowOps.FACTOR, factor);
            scale.call(arguments);
        }
    }
}
