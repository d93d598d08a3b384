package dev.excitor.runtime.kernel.amx;

import static dev.excitor.runtime.asm.Gpr.R10;
import static dev.excitor.runtime.asm.Gpr.R11;
import static dev.excitor.runtime.asm.Gpr.R8;
import static dev.excitor.runtime.asm.Gpr.R9;
import static dev.excitor.runtime.asm.Gpr.RDI;
import static dev.excitor.runtime.asm.Gpr.RSI;
import static dev.excitor.runtime.asm.Mem.at;

import dev.excitor.runtime.asm.Assembler;
import dev.excitor.runtime.asm.Label;
import dev.excitor.runtime.asm.Vec;
import dev.excitor.runtime.kernel.x86.RowWalk;
import dev.excitor.runtime.kernel.x86.Transposition;

/// Makes [BrainTiles] of 16 rows of activations, 64 columns at a time: each row is rounded into scratch memory, then
/// the pairs of columns of the 16 rows are transposed. The last row stands for the missing ones.
final class PackKernel {

    // the arguments, eight bytes each
    static final int X = 0;
    static final int X_STRIDE = 8;
    static final int LAST_ROW = 16;
    static final int STEPS = 24;
    static final int OUT = 32;
    static final int SCRATCH = 40;
    static final int ARGUMENTS = 48;

    private static final Vec FIRST = Vec.zmm(0);

    private PackKernel() {}

    static byte[] assemble() {
        Assembler a = new Assembler();
        Columns columns = new Columns(a);
        a.mov(RSI, at(RDI, X));
        a.mov(R10, at(RDI, STEPS));
        a.mov(R8, at(RDI, OUT));
        Label step = a.here();
        a.mov(R11, RSI);
        a.mov(R9, at(RDI, SCRATCH));
        RowWalk.down(a, BrainTiles.ROWS, at(RDI, LAST_ROW), at(RDI, X_STRIDE), () -> {
            round(a, 0);
            round(a, 1);
            columns.arrange(half(0), half(1), FIRST);
            a.vmovups(at(R9), FIRST);
            a.vmovups(at(R9, BrainTiles.BYTES), half(0));
            a.add(R9, BrainTiles.ROW_BYTES);
        });
        a.mov(R9, at(RDI, SCRATCH));
        for (int tile = 0; tile < 2; tile++) {
            for (int quarter = 0; quarter < 4; quarter++) {
                Vec[] pairs = Transposition.columns(a, R9, tile * BrainTiles.BYTES, quarter);
                for (int i = 0; i < pairs.length; i++) {
                    a.vmovups(at(R8, tile * BrainTiles.BYTES + (4 * quarter + i) * BrainTiles.ROW_BYTES), pairs[i]);
                }
            }
        }
        a.add(RSI, BrainTiles.STEP_COLS * Float.BYTES);
        a.add(R8, BrainTiles.STEP_BYTES);
        a.dec(R10);
        a.jnz(step);
        a.vzeroupper();
        a.ret();
        return a.bytes();
    }

    /// 32 of the 64 columns, in their order.
    private static void round(Assembler a, int half) {
        int at = half * 32 * Float.BYTES;
        a.vmovups(half(half), at(R11, at));
        a.vmovups(FIRST, at(R11, at + 64));
        a.vcvtne2ps2bf16(half(half), FIRST, half(half));
    }

    private static Vec half(int half) {
        return Vec.zmm(2 + half);
    }
}
