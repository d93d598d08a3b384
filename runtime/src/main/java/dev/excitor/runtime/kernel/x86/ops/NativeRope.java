package dev.excitor.runtime.kernel.x86.ops;

import static dev.excitor.runtime.foreign.Addresses.readable;
import static dev.excitor.runtime.foreign.Addresses.writable;

import dev.excitor.runtime.foreign.Arguments;
import dev.excitor.runtime.foreign.MachineCode;
import dev.excitor.runtime.ops.Rope;
import dev.excitor.runtime.ops.RopeTable;
import dev.excitor.runtime.team.Worker;
import java.lang.foreign.MemorySegment;

/// [Rope] in machine code; equal to the definition bit for bit.
final class NativeRope implements Rope {

    private final MachineCode rotate;
    private final Rope portable;
    private final int lanes;

    NativeRope(MachineCode rotate, Rope portable, int lanes) {
        this.rotate = rotate;
        this.portable = portable;
        this.lanes = lanes;
    }

    @Override
    public void apply(Worker worker, MemorySegment x, int n, int heads, int headDim, RopeTable table) {
        int rotated = table.rotated();
        if (rotated % lanes != 0) {
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
            Arguments arguments = worker.arguments(NativeOps.WORKER_BYTES);
            arguments.set(RowOps.A, mine);
            arguments.set(RowOps.B, angles);
            arguments.set(RowOps.COUNT, rotated / lanes);
            arguments.set(RowOps.HEADS, end - unit);
            arguments.set(RowOps.SKIP, 4L * (headDim - rotated));
            rotate.call(arguments);
            unit = end;
        }
    }
}
