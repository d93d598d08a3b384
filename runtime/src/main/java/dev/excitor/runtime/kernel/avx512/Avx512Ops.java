package dev.excitor.runtime.kernel.avx512;

import static dev.excitor.runtime.foreign.Addresses.readable;
import static dev.excitor.runtime.foreign.Addresses.writable;

import dev.excitor.runtime.foreign.MachineCode;
import dev.excitor.runtime.ops.Ops;
import dev.excitor.runtime.team.Worker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;

/// The operations between matrix products in machine code: as fast at the first token as at the last. Each falls back
/// on a portable form for rows that are not whole registers.
public final class Avx512Ops implements AutoCloseable {

    /// Floats in a register.
    static final int LANES = 16;

    /// Where scratch begins in a worker's memory, behind the arguments.
    static final int SCRATCH = 256;

    private final List<MachineCode> allCode = new ArrayList<>();

    /// Assembles the operations; the machine can run them, see [Avx512Provider#obstacle].
    public Avx512Ops() {}

    /// @param portable runs what these do not take
    public Ops over(Ops portable) {
        return new Ops(
                new Avx512RmsNorm(install(RowOps.sumOfSquares()), install(RowOps.scale()), portable.rmsNorm()),
                new Avx512Rope(install(RowOps.rotate()), portable.rope()),
                new Avx512SwiGlu(install(RowOps.swiGlu()), portable.swiGlu()),
                portable.softmax(),
                new Avx512Add(install(RowOps.add()), portable.add()),
                new Avx512Attention(portable.attention(), this::install),
                new Avx512ExtraKeys(this, portable.extraKeys()),
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
    static MemorySegment arguments(
            Worker worker,
            MemorySegment a,
            long aAt,
            MemorySegment b,
            long bAt,
            MemorySegment out,
            long outAt,
            int count) {
        MemorySegment arguments = worker.memory(Avx512MatMul.WORKER_BYTES);
        long bytes = 4L * count;
        set(arguments, RowOps.A, readable(a, aAt, bytes));
        set(arguments, RowOps.B, readable(b, bAt, bytes));
        set(arguments, RowOps.OUT, writable(out, outAt, bytes));
        set(arguments, RowOps.COUNT, count / LANES);
        return arguments;
    }

    static void set(MemorySegment arguments, int at, long value) {
        arguments.set(ValueLayout.JAVA_LONG, at, value);
    }
}
