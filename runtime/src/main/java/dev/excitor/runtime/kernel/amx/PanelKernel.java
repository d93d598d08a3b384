package dev.excitor.runtime.kernel.amx;

import static dev.excitor.runtime.asm.Gpr.R10;
import static dev.excitor.runtime.asm.Gpr.R11;
import static dev.excitor.runtime.asm.Gpr.R8;
import static dev.excitor.runtime.asm.Gpr.R9;
import static dev.excitor.runtime.asm.Gpr.RAX;
import static dev.excitor.runtime.asm.Gpr.RDI;
import static dev.excitor.runtime.asm.Gpr.RSI;
import static dev.excitor.runtime.asm.Mem.at;

import dev.excitor.runtime.asm.Assembler;
import dev.excitor.runtime.asm.Label;
import dev.excitor.runtime.asm.Vec;
import dev.excitor.runtime.kernel.avx512.Listing;
import dev.excitor.runtime.kernel.x86.RowWalk;

/// Makes [BrainTiles] of 16 weight rows, a unit of columns at a time. Where the matrix ends earlier, the last row
/// stands for the missing ones.
final class PanelKernel {

    // the arguments, eight bytes each
    static final int W = 0;
    static final int W_STRIDE = 8;
    static final int LAST_ROW = 16;
    static final int UNITS = 24;
    static final int OUT = 32;
    /// Bytes from what is unpacked to what will be unpacked next, and is asked for now.
    static final int AHEAD = 40;
    static final int ARGUMENTS = 48;

    private static final Vec FIRST = Vec.zmm(0);
    private static final Vec SECOND = Vec.zmm(1);

    private PanelKernel() {}

    static byte[] assemble(WeightSource source) {
        Listing k = new Listing();
        Assembler a = k.asm();
        a.mov(RAX.lower(), 0xff00);
        a.kmovw(Listing.UPPER, RAX.lower());
        WeightSource.Writer writer = source.writer().apply(k);
        a.mov(RSI, at(RDI, W));
        a.mov(R10, at(RDI, UNITS));
        a.mov(R8, at(RDI, OUT));
        a.mov(RAX, at(RDI, AHEAD));
        Label unit = a.here();
        a.mov(R11, RSI);
        a.mov(R9, R8);
        RowWalk.down(a, BrainTiles.ROWS, at(RDI, LAST_ROW), at(RDI, W_STRIDE), () -> {
            for (int line = 0; line < source.unitBytes() + 63; line += 64) {
                a.prefetcht0(at(R11, RAX, 1, line));
            }
            writer.begin(R11);
            for (int step = 0; step < source.steps(); step++) {
                writer.weights(R11, step, FIRST, SECOND);
                a.vmovups(at(R9, step * BrainTiles.STEP_BYTES), FIRST);
                a.vmovups(at(R9, step * BrainTiles.STEP_BYTES + BrainTiles.BYTES), SECOND);
            }
            a.add(R9, BrainTiles.ROW_BYTES);
        });
        a.add(RSI, source.unitBytes());
        a.add(R8, source.steps() * BrainTiles.STEP_BYTES);
        a.dec(R10);
        a.jnz(unit);
        a.vzeroupper();
        a.ret();
        return a.bytes();
    }
}
