package dev.excitor.runtime.kernel.x86.ops;

import dev.excitor.runtime.asm.Assembler;
import dev.excitor.runtime.asm.Mem;
import dev.excitor.runtime.asm.Operand;
import dev.excitor.runtime.asm.Vec;

/// The registers that an operation is written for, and how to say what each kind of them says in its own way.
public enum Registers {
    /// 16 registers of 8 floats, with what AVX2, FMA and F16C do to them.
    YMM(256, 16, 10),
    /// 32 registers of 16 floats, with masks and whatever else AVX-512 has.
    ZMM(512, 32, 22);

    private static final int NEAREST = 0;

    private final int bits;
    private final int count;
    private final int firstConstant;

    Registers(int bits, int count, int firstConstant) {
        this.bits = bits;
        this.count = count;
        this.firstConstant = firstConstant;
    }

    boolean isWide() {
        return this == ZMM;
    }

    /// Bytes of a register.
    int bytes() {
        return bits / Byte.SIZE;
    }

    /// Floats in a register.
    int lanes() {
        return bits / Float.SIZE;
    }

    Vec get(int index) {
        return new Vec(index, bits, 0, false);
    }

    /// The last register; constants are dealt from here down to [#firstConstant].
    int last() {
        return count - 1;
    }

    /// Registers from this one on may hold constants.
    int firstConstant() {
        return firstConstant;
    }

    Assembler assembler() {
        return isWide() ? new Assembler() : Assembler.withoutAvx512();
    }

    void xor(Assembler a, Vec d, Vec s, Operand t) {
        if (isWide()) {
            a.vpxord(d, s, t);
        } else {
            a.vpxor(d, s, t);
        }
    }

    /// To the nearest integers, as floats.
    void round(Assembler a, Vec d, Vec s) {
        if (isWide()) {
            a.vrndscaleps(d, s, NEAREST);
        } else {
            a.vroundps(d, s, NEAREST);
        }
    }

    /// An operand that is one number of memory in all lanes.
    ///
    /// @param t holds it where instructions do not broadcast
    Operand all(Assembler a, Mem number, Vec t) {
        if (isWide()) {
            return number.toAll();
        }
        a.vbroadcastss(t, number);
        return t;
    }
}
