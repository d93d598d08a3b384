package dev.excitor.runtime.kernel.x86.ops;

import dev.excitor.runtime.foreign.MachineCode;
import dev.excitor.runtime.ops.SwiGlu;
import dev.excitor.runtime.team.Worker;
import java.lang.foreign.MemorySegment;

/// [SwiGlu] in machine code.
final class NativeSwiGlu implements SwiGlu {

    private final MachineCode swiGlu;
    private final SwiGlu portable;
    private final int lanes;

    NativeSwiGlu(MachineCode swiGlu, SwiGlu portable, int lanes) {
        this.swiGlu = swiGlu;
        this.portable = portable;
        this.lanes = lanes;
    }

    @Override
    public void apply(Worker worker, MemorySegment gate, MemorySegment up, MemorySegment h, int n, int width) {
        if (width % lanes != 0) {
            portable.apply(worker, gate, up, h, n, width);
            return;
        }
        int count = Math.multiplyExact(n, width);
        int from = worker.from(count, lanes);
        int mine = worker.to(count, lanes) - from;
        if (mine > 0) {
            long at = 4L * from;
            swiGlu.call(NativeOps.arguments(worker, gate, at, up, at, h, at, mine, lanes));
        }
    }
}
