package dev.excitor.runtime.kernel.avx512;

import dev.excitor.runtime.foreign.MachineCode;
import dev.excitor.runtime.ops.Add;
import dev.excitor.runtime.team.Worker;
import java.lang.foreign.MemorySegment;

/// [Add] in machine code; equal to the definition bit for bit.
final class Avx512Add implements Add {

    private final MachineCode add;
    private final Add portable;

    Avx512Add(MachineCode add, Add portable) {
        this.add = add;
        this.portable = portable;
    }

    @Override
    public void apply(Worker worker, MemorySegment x, MemorySegment y, int n, int width) {
        if (width % Avx512Ops.LANES != 0) {
            portable.apply(worker, x, y, n, width);
            return;
        }
        int count = Math.multiplyExact(n, width);
        int from = worker.from(count, Avx512Ops.LANES);
        int mine = worker.to(count, Avx512Ops.LANES) - from;
        if (mine > 0) {
            long at = 4L * from;
            add.call(Avx512Ops.arguments(worker, x, at, y, at, x, at, mine));
        }
    }
}
