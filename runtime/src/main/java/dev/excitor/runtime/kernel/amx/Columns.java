package dev.excitor.runtime.kernel.amx;

import dev.excitor.runtime.asm.Assembler;
import dev.excitor.runtime.asm.Vec;

/// Puts the columns of a step, 64 brain floats in their order, into that of two tiles. Holds zmm 14 and 15.
final class Columns {

    private static final Vec FIRST = Vec.zmm(14);
    private static final Vec SECOND = Vec.zmm(15);

    private final Assembler a;

    Columns(Assembler a) {
        this.a = a;
        a.vmovups(FIRST, a.constant(BrainTiles.columns(0)));
        a.vmovups(SECOND, a.constant(BrainTiles.columns(1)));
    }

    /// @param lower columns 0 to 31, and then what tile 1 has
    /// @param upper columns 32 to 63
    /// @param first receives what tile 0 has
    void arrange(Vec lower, Vec upper, Vec first) {
        a.vmovaps(first, lower);
        a.vpermt2w(first, FIRST, upper);
        a.vpermt2w(lower, SECOND, upper);
    }
}
