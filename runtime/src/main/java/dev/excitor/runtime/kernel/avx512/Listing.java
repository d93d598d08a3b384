package dev.excitor.runtime.kernel.avx512;

import dev.excitor.runtime.asm.Assembler;
import dev.excitor.runtime.asm.Mem;
import dev.excitor.runtime.asm.OpMask;
import dev.excitor.runtime.asm.Vec;
import dev.excitor.runtime.kernel.x86.Constants;
import java.util.function.IntUnaryOperator;

/// A kernel being written: the assembler, and who owns which register.
///
/// ```text
/// zmm 0..15   the kernel's own: accumulators, activations
/// zmm 16..19  an unpacker's, within a call            T0..T3
/// zmm 20..21  an unpacker's, within a unit            U0, U1
/// zmm 22..31  constants, dealt from the top
/// k1          the upper half of 16 lanes; k2, k3 an unpacker's
/// ```
public final class Listing {

    static final Vec T0 = Vec.zmm(16);
    static final Vec T1 = Vec.zmm(17);
    static final Vec T2 = Vec.zmm(18);
    static final Vec T3 = Vec.zmm(19);
    static final Vec U0 = Vec.zmm(20);
    static final Vec U1 = Vec.zmm(21);

    /// Lanes 8 to 15.
    public static final OpMask UPPER = OpMask.K1;

    private static final int LAST_CONSTANT = 22;

    private final Assembler assembler = new Assembler();
    private int nextConstant = 31;

    public Assembler asm() {
        return assembler;
    }

    /// A register that holds 64 constant bytes from here on.
    Vec constant(byte[] bytes) {
        if (nextConstant < LAST_CONSTANT) {
            throw new IllegalStateException("this kernel needs more constants than there are registers for");
        }
        Vec register = Vec.zmm(nextConstant--);
        assembler.vmovups(register, assembler.constant(bytes));
        return register;
    }

    Vec constantBytes(IntUnaryOperator valueAt) {
        return constant(Constants.bytes(valueAt));
    }

    Vec constantWords(IntUnaryOperator valueAt) {
        return constant(Constants.words(valueAt));
    }

    Vec constantInts(IntUnaryOperator valueAt) {
        return constant(Constants.ints(valueAt));
    }

    /// A constant that stays in memory.
    public Mem memory(byte[] bytes) {
        return assembler.constant(bytes);
    }
}
