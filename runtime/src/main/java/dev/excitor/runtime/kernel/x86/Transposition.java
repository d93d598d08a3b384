package dev.excitor.runtime.kernel.x86;

import static dev.excitor.runtime.asm.Mem.at;

import dev.excitor.runtime.asm.Assembler;
import dev.excitor.runtime.asm.Gpr;
import dev.excitor.runtime.asm.Vec;

/// Turns 16 rows of 16 double words round, four columns at a time, with AVX-512. Half of the work is done by loads,
/// which wait for no other shuffle.
public final class Transposition {

    private static final int ROW_BYTES = 64;

    private Transposition() {}

    /// Columns 4 `quarter` to 4 `quarter` + 3, a register each, row r in lane r. Overwrites zmm 0 to 7.
    ///
    /// @param rows points near 16 rows of 64 bytes
    /// @param at   bytes from there to the first
    /// @return the registers of the columns
    public static Vec[] columns(Assembler a, Gpr rows, int at, int quarter) {
        Vec[] z = new Vec[8];
        for (int i = 0; i < z.length; i++) {
            z[i] = Vec.zmm(i);
        }
        int from = at + quarter * 16;
        for (int i = 0; i < 4; i++) { // rows i, i+4, i+8, i+12
            a.vmovups(z[i].x(), at(rows, from + i * ROW_BYTES));
            for (int lane = 1; lane < 4; lane++) {
                a.vinserti32x4(z[i], z[i], at(rows, from + (i + 4 * lane) * ROW_BYTES), lane);
            }
        }
        a.vpunpckldq(z[4], z[0], z[1]); // in each lane: row 0 col 0, row 1 col 0, row 0 col 1, row 1 col 1
        a.vpunpckhdq(z[5], z[0], z[1]);
        a.vpunpckldq(z[6], z[2], z[3]);
        a.vpunpckhdq(z[7], z[2], z[3]);
        a.vpunpcklqdq(z[0], z[4], z[6]);
        a.vpunpckhqdq(z[1], z[4], z[6]);
        a.vpunpcklqdq(z[2], z[5], z[7]);
        a.vpunpckhqdq(z[3], z[5], z[7]);
        return new Vec[] {z[0], z[1], z[2], z[3]};
    }
}
