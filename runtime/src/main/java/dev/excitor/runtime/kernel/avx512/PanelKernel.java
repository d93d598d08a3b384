package dev.excitor.runtime.kernel.avx512;

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
import dev.excitor.runtime.kernel.x86.Transposition;

/// Makes a [Panel] of 16 rows, a unit of columns at a time: each row is unpacked into scratch memory, its scales into
/// the panel, then the 4-byte groups of the 16 rows are transposed.
///
/// Where the matrix ends earlier, the last row stands for the missing ones.
final class PanelKernel {

    // the arguments, eight bytes each
    static final int W = 0;
    static final int W_STRIDE = 8;
    static final int LAST_ROW = 16;
    static final int UNITS = 24;
    static final int OUT = 32;
    static final int SCRATCH = 40;
    /// Bytes from what is unpacked to what will be unpacked after the tiles of this panel, and is asked for now.
    static final int AHEAD = 48;

    /// 16 rows of a unit.
    static final int SCRATCH_BYTES = Panel.ROWS * 256;

    private static final Vec Q = Vec.zmm(0);
    private static final Vec SCALE = Vec.zmm(1);
    private static final Vec T = Vec.zmm(2);

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
        a.mov(RAX.lower(), 0xff00);
        a.kmovw(Listing.UPPER, RAX.lower());
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
            a.add(R9, 64);
            a.add(RDX, Float.BYTES);
        });
        a.mov(R9, at(RDI, SCRATCH));
        for (int step = 0; step < code.unitSteps(); step++) {
            for (int quarter = 0; quarter < 4; quarter++) {
                transpose(step, quarter);
            }
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
        for (int line = 0; line < code.unitBytes() + 63; line += 64) {
            a.prefetcht0(at(R11, RAX, 1, line));
        }
        unpacker.begin(R11, 0);
        for (int step = 0; step < code.unitSteps(); step++) {
            int to = step * Panel.stepBytes(code);
            unpacker.weights(R11, 0, step, Q);
            a.vmovups(at(R9, step * Panel.ROWS * 64), Q);
            unpacker.scales(R11, 0, step, SCALE);
            for (int group = 0; group < code.groupsPerStep(); group++) {
                storeGroup(SCALE, group, to + Panel.scale(group));
            }
            if (code.affine()) {
                unpacker.mins(R11, 0, step, SCALE);
                for (int group = 0; group < code.groupsPerStep(); group++) {
                    storeGroup(SCALE, group, to + Panel.min(code, group));
                }
            }
        }
    }

    /// The number that a group's lanes have in common.
    private void storeGroup(Vec lanes, int group, int to) {
        int quarter = group * 4 / code.groupsPerStep();
        Vec source = lanes;
        if (quarter > 0) {
            a.vextracti32x4(T.x(), lanes, quarter);
            source = T;
        }
        a.vmovss(at(RDX, to), source.x());
    }

    /// 16 bytes of each of the 16 rows of scratch into four registers of the panel.
    private void transpose(int step, int quarter) {
        Vec[] columns = Transposition.columns(a, R9, step * Panel.ROWS * 64, quarter);
        int to = step * Panel.stepBytes(code) + quarter * 4 * 64;
        for (int i = 0; i < columns.length; i++) {
            a.vmovups(at(R8, to + i * 64), columns[i]);
        }
    }
}
