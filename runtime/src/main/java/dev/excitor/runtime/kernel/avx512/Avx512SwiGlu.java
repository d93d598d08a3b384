package dev.excitor.runtime.kernel.avx512;

import dev.excitor.runtime.foreign.MachineCode;
import dev.excitor.runtime.ops.SwiGlu;
import dev.excitor.runtime.team.Worker;
import java.lang.foreign.MemorySegment;

/// [SwiGlu] in machine code.
final class Avx512SwiGlu implements SwiGlu {

    private final MachineCode swiGlu;
    private final SwiGlu portable;

    Avx512SwiGlu(MachineCode swiGlu, SwiGlu portable) {
        this.swiGlu = swiGlu;
        this.portable = portable;
    }

    @Override
    public void apply(Worker worker, MemorySegment gate, MemorySegment up, MemorySegment h, int n, int width) {
        if (width % Avx512Ops.LANES != 0) {
            portable.apply(worker, gate, up, h, n, width);
            return;
        }
        int count = Math.multiplyExact(n, width);
        int from = worker.from(count, Avx512Ops.LANES);
        int mine = worker.to(count, Avx512Ops.LANES) - from;
        if (mine > 0) {
            long at = 4L * from;
            swiGlu.call(Avx512Ops.arguments(worker, gate, at, up, at, h, at, mine));
        }
    }
}
