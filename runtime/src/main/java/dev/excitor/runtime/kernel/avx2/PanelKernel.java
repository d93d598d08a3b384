package dev.excitor.runtime.kernel.avx2;

import static dev.excitor.runtime.asm.Gpr.R10;
import static dev.excitor.runtime.asm.Gpr.R11;
import static dev.excitor.runtime.asm.Gpr.R8;
import static dev.excitor.runtime.asm.Gpr.R9;
import static dev.excitor.runtime.asm.Gpr.RAX;
import static dev.excitor.runtime.asm.Gpr.RDI;
import static dev.excitor.runtime.asm.Gpr.RDX;
import static dev.excitor.runtime.asm.Gpr.RSI;
import static dev.excitor.runtime.asm.Mem.at;

import dev.excitor.runtime.asm.Assembler;
import dev.excitor.runtime.asm.Label;
import dev.excitor.runtime.asm.Vec;
import dev.excitor.runtime.kernel.x86.RowWalk;

/// Makes a [Panel] of 8 rows, a unit of columns at a time: each row is unpacked into scratch memory, its scales
/// into the panel, then the 4-byte groups of the 8 rows are transposed.
///
/// Where the matrix ends earlier, the last row stands for the missing ones.
///
/// Eight rows are more streams than a processor's prefetcher likes to follow, so the kernel asks for what the next
/// panels need.
final class PanelKernel {

    // the arguments, eight bytes each
    static final int W = 0;
    static final int W_STRIDE = 8;
    static final int LAST_ROW = 16;
    static final int UNITS = 24;
    static final int OUT = 32;
    static final int SCRATCH = 40;
    /// Bytes from what is unpacked to what will be unpacked after the tiles of this panel.
    static final int AHEAD = 48;

    /// 8 rows of a unit.
    static final int SCRATCH_BYTES = Panel.ROWS * 256;

    private static final Vec Q = Vec.ymm(0);
    private static final Vec SCALE = Vec.ymm(1);
    private static final Vec T = Vec.ymm(2);

    private final Listing k = new Listing();
    private final Assembler a = k.asm();
    private final WeightCode code;

    private PanelKernel(WeightCode code) {
        this.code = code;
    }

    static byte[] assemble(WeightCode code) {
        return new PanelKernel(code).assemble();
    }

    private byte[] assemble() {
        Unpacker unpacker = code.unpacker().apply(k);
        a.mov(RSI, at(RDI, W));
        a.mov(R10, at(RDI, UNITS));
        a.mov(R8, at(RDI, OUT));
        a.mov(RAX, at(RDI, AHEAD));
        Label unit = a.here();
        a.mov(R11, RSI);
        a.mov(R9, at(RDI, SCRATCH));
        a.mov(RDX, R8);
        RowWalk.down(a, Panel.ROWS, at(RDI, LAST_ROW), at(RDI, W_STRIDE), () -> {
            unpackRow(unpacker);
            a.add(R9, 32);
            a.add(RDX, Float.BYTES);
        });
        a.mov(R9, at(RDI, SCRATCH));
        for (int step = 0; step < code.unitSteps(); step++) {
            transpose(step, 0);
            transpose(step, 1);
        }
        a.add(RSI, code.unitBytes());
        a.add(R8, code.unitSteps() * Panel.stepBytes(code));
        a.dec(R10);
        a.jnz(unit);
        a.vzeroupper();
        a.ret();
        return a.bytes();
    }

    /// One row's unit, at R11: bytes to R9, scales to RDX.
    private void unpackRow(Unpacker unpacker) {
        for (int line = 0; line < code.unitBytes(); line += 64) {
            a.prefetcht0(at(R11, RAX, 1, line));
        }
        for (int step = 0; step < code.unitSteps(); step++) {
            int to = step * Panel.stepBytes(code);
            unpacker.begin(R11, 0, step);
            unpacker.weights(R11, 0, step, Q);
            a.vmovups(at(R9, step * Panel.ROWS * 32), Q);
            unpacker.scales(R11, 0, step, SCALE);
            a.vmovss(at(RDX, to + Panel.scale(0)), SCALE.x());
            if (code.groupsPerStep() > 1) {
                a.vextractf128(T.x(), SCALE, 1);
                a.vmovss(at(RDX, to + Panel.scale(1)), T.x());
            }
            if (code.affine()) {
                unpacker.mins(R11, 0, step, SCALE);
                a.vmovss(at(RDX, to + Panel.min(code, 0)), SCALE.x());
                if (code.groupsPerStep() > 1) {
                    a.vpshufd(T.x(), SCALE.x(), 0b01);
                    a.vmovss(at(RDX, to + Panel.min(code, 1)), T.x());
                }
            }
        }
    }

    /// 16 bytes of each of the 8 rows of scratch into four registers of the panel.
    private void transpose(int step, int half) {
        int from = step * Panel.ROWS * 32 + half * 16;
        for (int i = 0; i < 4; i++) { // rows i, i+4
            a.vmovups(Vec.xmm(i), at(R9, from + i * 32));
            a.vinserti128(Vec.ymm(i), Vec.ymm(i), at(R9, from + (i + 4) * 32), 1);
        }
        Vec y0 = Vec.ymm(0);
        Vec y1 = Vec.ymm(1);
        Vec y2 = Vec.ymm(2);
        Vec y3 = Vec.ymm(3);
        a.vpunpckldq(Vec.ymm(4), y0, y1); // in each half: row 0 col 0, row 1 col 0, row 0 col 1, row 1 col 1
        a.vpunpckhdq(Vec.ymm(5), y0, y1);
        a.vpunpckldq(Vec.ymm(6), y2, y3);
        a.vpunpckhdq(Vec.ymm(7), y2, y3);
        a.vpunpcklqdq(y0, Vec.ymm(4), Vec.ymm(6));
        a.vpunpckhqdq(y1, Vec.ymm(4), Vec.ymm(6));
        a.vpunpcklqdq(y2, Vec.ymm(5), Vec.ymm(7));
        a.vpunpckhqdq(y3, Vec.ymm(5), Vec.ymm(7));
        int to = step * Panel.stepBytes(code) + half * 4 * 32;
        for (int i = 0; i < 4; i++) {
            a.vmovups(at(R8, to + i * 32), Vec.ymm(i));
        }
    }
}
