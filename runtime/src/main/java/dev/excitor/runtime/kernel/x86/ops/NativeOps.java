package dev.excitor.runtime.kernel.x86.ops;

import static dev.excitor.runtime.foreign.Addresses.readable;
import static dev.excitor.runtime.foreign.Addresses.writable;

import dev.excitor.runtime.foreign.Arguments;
import dev.excitor.runtime.foreign.MachineCode;
import dev.excitor.runtime.ops.Ops;
import dev.excitor.runtime.team.Worker;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/// The operations between matrix products in machine code: as fast at the first token as at the last. Each falls back
/// on a portable form for rows that are not whole registers.
public final class NativeOps implements AutoCloseable {

    /// Where scratch begins in a worker's memory, behind the arguments.
    static final int SCRATCH = 256;

    /// Native memory of a worker: arguments and scratch.
    static final int WORKER_BYTES = 4096;

    private final Registers registers;
    private final List<MachineCode> allCode = new ArrayList<>();

    /// @param registers of a processor that can do with them what the operations ask for; see the providers of kernels
    public NativeOps(Registers registers) {
        this.registers = registers;
    }

    /// @param portable runs what these do not take
    public Ops over(Ops portable) {
        RowOps rows = new RowOps(registers);
        int lanes = registers.lanes();
        return new Ops(
                new NativeRmsNorm(install(rows.sumOfSquares()), install(rows.scale()), portable.rmsNorm(), lanes),
                new NativeRope(install(rows.rotate()), portable.rope(), lanes),
                new NativeSwiGlu(install(rows.swiGlu()), portable.swiGlu(), lanes),
                portable.softmax(),
                new NativeAdd(install(rows.add()), portable.add(), lanes),
                new NativeAttention(registers, portable.attention(), this::install),
                new NativeExtraKeys(this, registers, portable.extraKeys()),
                portable.blas1(),
                portable.gemm(),
                portable.gradients());
    }

    synchronized MachineCode install(byte[] code) {
        MachineCode installed = new MachineCode(code);
        allCode.add(installed);
        return installed;
    }

    /// Unmaps the code; nothing runs in it any more. Closing twice is fine.
    @Override
    public synchronized void close() {
        allCode.forEach(MachineCode::close);
    }

    /// The arguments of a loop over `count` floats: `a`, `b` and `out` have so many behind the given bytes.
    static Arguments arguments(
            Worker worker,
            MemorySegment a,
            long aAt,
            MemorySegment b,
            long bAt,
            MemorySegment out,
            long outAt,
            int count,
            int lanes) {
        Arguments arguments = worker.arguments(WORKER_BYTES);
        long bytes = 4L * count;
        arguments.set(RowOps.A, readable(a, aAt, bytes));
        arguments.set(RowOps.B, readable(b, bAt, bytes));
        arguments.set(RowOps.OUT, writable(out, outAt, bytes));
        arguments.set(RowOps.COUNT, count / lanes);
        return arguments;
    }
}
