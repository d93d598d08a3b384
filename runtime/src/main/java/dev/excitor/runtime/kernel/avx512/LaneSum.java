package dev.excitor.runtime.kernel.avx512;

import dev.excitor.runtime.asm.Assembler;
import dev.excitor.runtime.asm.Vec;

/// The sum of all lanes of two accumulators, in one fixed order: halves are added until one lane is left.
final class LaneSum {

    private LaneSum() {}

    /// @param a     receives the instructions
    /// @param first receives the sum in its lowest lane
    /// @param other is lost
    static void of(Assembler a, Vec first, Vec other) {
        a.vaddps(first, first, other);
        a.vextracti64x4(other.y(), first, 1);
        a.vaddps(first.y(), first.y(), other.y());
        a.vextracti32x4(other.x(), first.y(), 1);
        a.vaddps(first.x(), first.x(), other.x());
        a.vpshufd(other.x(), first.x(), 0b11_10_11_10);
        a.vaddps(first.x(), first.x(), other.x());
        a.vpshufd(other.x(), first.x(), 0b01_01_01_01);
        a.vaddps(first.x(), first.x(), other.x());
    }
}
