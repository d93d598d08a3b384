package dev.excitor.runtime.kernel.x86.ops;

import dev.excitor.runtime.asm.Assembler;
import dev.excitor.runtime.asm.Mem;
import dev.excitor.runtime.asm.Vec;

/// An operation being written: the assembler, and who owns which register.
///
/// ```text
/// ymm  0..9   the operation's own        zmm  0..21
/// ymm 10..15  constants                  zmm 22..31      dealt from the top
/// ```
final class Listing {

    private final Registers registers;
    private final Assembler assembler;
    private int nextConstant;

    Listing(Registers registers) {
        this.registers = registers;
        this.assembler = registers.assembler();
        this.nextConstant = registers.last();
    }

    Registers registers() {
        return registers;
    }

    Assembler asm() {
        return assembler;
    }

    /// A register that holds constant bytes from here on.
    Vec constant(byte[] bytes) {
        if (nextConstant < registers.firstConstant()) {
            throw new IllegalStateException("this operation needs more constants than there are registers for");
        }
        Vec register = registers.get(nextConstant--);
        assembler.vmovups(register, assembler.constant(bytes));
        return register;
    }

    /// A constant that stays in memory.
    Mem memory(byte[] bytes) {
        return assembler.constant(bytes);
    }
}
