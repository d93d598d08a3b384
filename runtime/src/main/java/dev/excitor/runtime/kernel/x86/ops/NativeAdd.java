package dev.excitor.runtime.kernel.x86.ops;

import dev.excitor.runtime.foreign.MachineCode;
import dev.excitor.runtime.ops.Add;
import dev.excitor.runtime.team.Worker;
import java.lang.foreign.MemorySegment;

/// [Add] in machine code; equal to the definition bit for bit.
final class NativeAdd implements Add {

    private final MachineCode add;
    private final Add portable;
    private final int lanes;

    NativeAdd(MachineCode add, Add portable, int lanes) {
        this.add = add;
        this.portable = portable;
        this.lanes = lanes;
    }

    @Override
    public void apply(Worker worker, MemorySegment x, MemorySegment y, int n, int width) {
        if (width % lanes != 0) {
            portable.apply(worker, x, y, n, width);
            return;
        }
        int count = Math.multiplyExact(n, width);
        int from = worker.from(count, lanes);
        int mine = worker.to(count, lanes) - from;
        if (mine > 0) {
            long at = 4L * from;
            add.call(NativeOps.arguments(worker, x, at, y, at, x, at, mine, lanes));
        }
    }
}
