package dev.excitor.runtime.kernel.x86;

import dev.excitor.runtime.asm.Assembler;
import dev.excitor.runtime.asm.Vec;

/// Accumulators, from nothing to one number.
public final class Sums {

    private Sums() {}

    public static void clear(Assembler a, Vec register) {
        if (register.bits() == 512) {
            a.vpxord(register, register, register);
        } else {
            a.vpxor(register, register, register);
        }
    }

    /// The sum of all lanes of two accumulators, in one fixed order: halves are added until one lane is left.
    ///
    /// @param a     receives the instructions
    /// @param first receives the sum in its lowest lane; ymm or zmm 0 to 15, like the other
    /// @param other is lost
    public static void ofLanes(Assembler a, Vec first, Vec other) {
        a.vaddps(first, first, other);
        if (first.bits() == 512) {
            a.vextracti64x4(other.y(), first, 1);
            a.vaddps(first.y(), first.y(), other.y());
        }
        a.vextractf128(other.x(), first.y(), 1);
        a.vaddps(first.x(), first.x(), other.x());
        a.vpshufd(other.x(), first.x(), 0b11_10_11_10);
        a.vaddps(first.x(), first.x(), other.x());
        a.vpshufd(other.x(), first.x(), 0b01_01_01_01);
        a.vaddps(first.x(), first.x(), other.x());
    }
}
