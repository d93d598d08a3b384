package dev.excitor.runtime.kernel.avx2;

import dev.excitor.runtime.asm.Assembler;
import dev.excitor.runtime.asm.Mem;
import dev.excitor.runtime.asm.Operand;
import dev.excitor.runtime.asm.Vec;

/// A kernel being written: the assembler, and who owns which of the sixteen registers.
///
/// ```text
/// ymm 0..8    the kernel's own: accumulators, weights, scales
/// ymm 9..10   an unpacker's, within a call            T0, T1
/// ymm 11..12  an unpacker's, within a unit            U0, U1
/// ymm 13..15  constants, dealt from the top
/// ```
final class Listing {

    static final Vec T0 = Vec.ymm(9);
    static final Vec T1 = Vec.ymm(10);
    static final Vec U0 = Vec.ymm(11);
    static final Vec U1 = Vec.ymm(12);

    private static final int LAST_CONSTANT = 13;

    private final Assembler assembler = Assembler.withoutAvx512();
    private int nextConstant = 15;

    Assembler asm() {
        return assembler;
    }

    /// A register that holds constant bytes from here on.
    Vec register(byte[] bytes) {
        if (nextConstant < LAST_CONSTANT) {
            throw new IllegalStateException("this kernel needs more constants than there are registers for");
        }
        Vec register = Vec.ymm(nextConstant--);
        assembler.vmovups(register, assembler.constant(bytes));
        return register;
    }

    /// A register that holds constant bytes from here on; memory when all registers are dealt.
    Operand constant(byte[] bytes) {
        return nextConstant < LAST_CONSTANT ? memory(bytes) : register(bytes);
    }

    /// Bytes in memory, all words shifted and then masked; a negative shift is to the left.
    void maskedBits(Vec target, Mem source, int right, Operand mask) {
        if (right == 0 && mask instanceof Vec register) {
            assembler.vpand(target, register, source);
            return;
        }
        assembler.vmovups(target, source);
        if (right > 0) {
            assembler.vpsrlw(target, target, right);
        } else if (right < 0) {
            assembler.vpsllw(target, target, -right);
        }
        assembler.vpand(target, target, mask);
    }

    /// A constant that stays in memory.
    Mem memory(byte[] bytes) {
        return assembler.constant(bytes);
    }
}
