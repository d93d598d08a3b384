package dev.excitor.runtime.kernel.avx512;

import static dev.excitor.runtime.foreign.Addresses.readable;
import static dev.excitor.runtime.foreign.Addresses.writable;

import dev.excitor.runtime.foreign.MachineCode;
import dev.excitor.runtime.ops.Rope;
import dev.excitor.runtime.ops.RopeTable;
import dev.excitor.runtime.team.Worker;
import java.lang.foreign.MemorySegment;

/// [Rope] in machine code; equal to the definition bit for bit.
final class Avx512Rope implements Rope {

    private final MachineCode rotate;
    private final Rope portable;

    Avx512Rope(MachineCode rotate, Rope portable) {
        this.rotate = rotate;
        this.portable = portable;
    }

    @Override
    public void apply(Worker worker, MemorySegment x, int n, int heads, int headDim, RopeTable table) {
        int rotated = table.rotated();
        if (rotated % Avx512Ops.LANES != 0) {
            portable.apply(worker, x, n, heads, headDim, table);
            return;
        }
        int to = worker.to(n * heads, 1);
        int unit = worker.from(n * heads, 1);
        while (unit < to) {
            int row = unit / heads;
            int end = Math.min(to, (row + 1) * heads);
            long mine = writable(x, 4L * unit * headDim, 4L * (end - unit) * headDim);
            long angles = readable(table.data(), table.cosines(row), 8L * rotated);
            MemorySegment arguments = worker.memory(Avx512MatMul.WORKER_BYTES);
            Avx512Ops.set(arguments, RowOps.A, mine);
            Avx512Ops.set(arguments, RowOps.B, angles);
            Avx512Ops.set(arguments, RowOps.COUNT, rotated / Avx512Ops.LANES);
            Avx512Ops.set(arguments, RowOps.HEADS, end - unit);
            Avx512Ops.set(arguments, RowOps.SKIP, 4L * (headDim - rotated));
            rotate.call(arguments);
            unit = end;
        }
    }
}
