package dev.excitor.runtime.kernel.x86.ops;

import dev.excitor.runtime.asm.Assembler;
import dev.excitor.runtime.asm.Vec;

/// The largest lane of a register, in all lanes of it; of a ymm register, in the lower half.
final class LaneMax {

    private LaneMax() {}

    /// @param a     receives the instructions
    /// @param v     receives the maximum
    /// @param other is lost
    static void of(Assembler a, Vec v, Vec other) {
        if (v.bits() == 512) {
            a.vshufi32x4(other, v, v, 0b01_00_11_10);
            a.vmaxps(v, v, other);
            a.vshufi32x4(other, v, v, 0b10_11_00_01);
            a.vmaxps(v, v, other);
            ofQuarters(a, v, other);
        } else {
            a.vextractf128(other.x(), v, 1);
            a.vmaxps(v.x(), v.x(), other.x());
            ofQuarters(a, v.x(), other.x());
        }
    }

    /// Of each four lanes.
    private static void ofQuarters(Assembler a, Vec v, Vec other) {
        a.vpshufd(other, v, 0b01_00_11_10);
        a.vmaxps(v, v, other);
        a.vpshufd(other, v, 0b10_11_00_01);
        a.vmaxps(v, v, other);
    }
}
