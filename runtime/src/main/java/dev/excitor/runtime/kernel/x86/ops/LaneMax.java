package dev.excitor.runtime.kernel.x86.ops;

import dev.excitor.runtime.asm.Assembler;
import dev.excitor.runtime.asm.Vec;

/// The largest lane of a register, in all lanes of it.
final class LaneMax {

    private LaneMax() {}

    /// @param a     receives the instructions
    /// @param v     receives the maximum
    /// @param other is lost
    static void of(Assembler a, Vec v, Vec other) {
        a.vshufi32x4(other, v, v, 0b01_00_11_10);
        a.vmaxps(v, v, other);
        a.vshufi32x4(other, v, v, 0b10_11_00_01);
        a.vmaxps(v, v, other);
        a.vpshufd(other, v, 0b01_00_11_10);
        a.vmaxps(v, v, other);
        a.vpshufd(other, v, 0b10_11_00_01);
        a.vmaxps(v, v, other);
    }
}
