package dev.excitor.runtime.kernel.x86;

import static dev.excitor.runtime.asm.Gpr.R11;
import static dev.excitor.runtime.asm.Gpr.RCX;

import dev.excitor.runtime.asm.Assembler;
import dev.excitor.runtime.asm.Label;
import dev.excitor.runtime.asm.Mem;

/// The loop of kernels that put rows beside each other: always as many as a panel has, the last one that there is
/// standing for those that are missing.
public final class RowWalk {

    private RowWalk() {}

    /// Writes what happens to a row in a loop over all; R11 goes from one to the next, RCX counts.
    ///
    /// @param rows   of a panel
    /// @param last   holds the number of the last row that there is
    /// @param stride holds the bytes from a row to the next
    /// @param row    writes the instructions for the row at R11
    public static void down(Assembler a, int rows, Mem last, Mem stride, Runnable row) {
        a.xor(RCX.lower(), RCX.lower());
        Label next = a.here();
        row.run();
        Label stay = new Label();
        a.cmp(RCX, last);
        a.jae(stay);
        a.add(R11, stride);
        a.bind(stay);
        a.add(RCX, 1);
        a.cmp(RCX, rows);
        a.jnz(next);
    }
}
