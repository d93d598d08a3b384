package dev.excitor.runtime.kernel.avx512;

import static dev.excitor.runtime.asm.Gpr.R10;
import static dev.excitor.runtime.asm.Gpr.R11;
import static dev.excitor.runtime.asm.Gpr.R12;
import static dev.excitor.runtime.asm.Gpr.R8;
import static dev.excitor.runtime.asm.Gpr.R9;
import static dev.excitor.runtime.asm.Gpr.RAX;
import static dev.excitor.runtime.asm.Gpr.RBX;
import static dev.excitor.runtime.asm.Gpr.RCX;
import static dev.excitor.runtime.asm.Gpr.RDI;
import static dev.excitor.runtime.asm.Gpr.RDX;
import static dev.excitor.runtime.asm.Gpr.RSI;
import static dev.excitor.runtime.asm.Mem.at;

import dev.excitor.runtime.asm.Assembler;
import dev.excitor.runtime.asm.Gpr;
import dev.excitor.runtime.asm.Label;
import dev.excitor.runtime.asm.Mem;
import dev.excitor.runtime.asm.OpMask;
import dev.excitor.runtime.asm.Vec;

/// Products of two [Panel]s, 32 weight rows, with many rows of activations, a tile of three to six of them at a time:
///
/// ```text
/// for each tile                                        tiles
///   acc = 0, or what y has                             2 panels x T tokens, 16 rows in a register
///   for each step of 64 columns                        R10
///     for each group of 16 or 32 columns               unrolled
///       dot[p][t] = offset[t] + sum over j of q[p][j] . x[t][j]
///       acc[p][t] += scale[p] (x.scale[t] float(dot[p][t]))     + min[p] x.sum[t]
///   y = acc
/// ```
///
/// Every register of weights meets T tokens, every broadcast four bytes of a token two panels.
final class TileKernel {

    static final int MIN_TOKENS = 3;
    static final int MAX_TOKENS = 6;

    // the arguments, eight bytes each
    static final int PANEL_A = 0;
    static final int PANEL_B = 8;
    static final int STEPS = 16;
    static final int X = 24;
    static final int X_STRIDE = 32;
    static final int Y = 40;
    static final int Y_STRIDE = 48;
    static final int MASK_A = 56;
    static final int MASK_B = 64;
    static final int TILES = 72;
    static final int ADDS = 80;

    private static final OpMask ROWS_A = OpMask.K2;
    private static final OpMask ROWS_B = OpMask.K3;

    private final Assembler a = new Assembler();
    private final WeightCode code;
    private final int tokens;

    private TileKernel(WeightCode code, int tokens) {
        this.code = code;
        this.tokens = tokens;
    }

    /// The kernel depends on the code's group and whether it is affine, and on nothing else of it.
    static byte[] assemble(WeightCode code, int tokens) {
        return new TileKernel(code, tokens).assemble();
    }

    private byte[] assemble() {
        a.push(RBX);
        a.push(R12);
        a.mov(RAX, at(RDI, X_STRIDE));
        a.mov(RBX, at(RDI, X));
        a.mov(RCX, at(RDI, Y));
        a.mov(R11, at(RDI, Y_STRIDE));
        a.mov(R12, at(RDI, TILES));
        a.mov(RDX.lower(), at(RDI, MASK_A));
        a.kmovw(ROWS_A, RDX.lower());
        a.mov(RDX.lower(), at(RDI, MASK_B));
        a.kmovw(ROWS_B, RDX.lower());
        Label tile = a.here();
        begin();
        a.mov(RSI, at(RDI, PANEL_A));
        a.mov(RDX, at(RDI, PANEL_B));
        a.mov(R10, at(RDI, STEPS));
        a.mov(R8, RBX);
        a.lea(R9, at(RBX, RAX, 2, 0));
        a.add(R9, RAX);
        Label step = a.here();
        for (int group = 0; group < code.groupsPerStep(); group++) {
            group(group);
        }
        a.add(RSI, Panel.stepBytes(code));
        a.add(RDX, Panel.stepBytes(code));
        a.add(R8, 2 * Q8Records.BYTES);
        a.add(R9, 2 * Q8Records.BYTES);
        a.dec(R10);
        a.jnz(step);
        end();
        for (int t = 0; t < tokens; t++) {
            a.add(RBX, RAX);
            a.add(RCX, R11);
        }
        a.dec(R12);
        a.jnz(tile);
        a.vzeroupper();
        a.pop(R12);
        a.pop(RBX);
        a.ret();
        return a.bytes();
    }

    private void group(int group) {
        boolean halves = code.group() == 16;
        int first = group * code.group() / 4;
        int record = first / 8 * Q8Records.BYTES;
        int half = halves ? group % 2 : 0;
        for (int t = 0; t < tokens; t++) {
            if (code.affine()) {
                a.vpxord(dotA(t), dotA(t), dotA(t));
                a.vpxord(dotB(t), dotB(t), dotB(t));
            } else {
                a.vpbroadcastd(dotA(t), x(t, record + (halves ? Q8Records.HALF_OFFSETS + 4 * half : Q8Records.OFFSET)));
                a.vmovaps(dotB(t), dotA(t));
            }
        }
        for (int j = first; j < first + code.group() / 4; j++) {
            a.vmovups(Vec.zmm(24), at(RSI, 64 * j));
            a.vmovups(Vec.zmm(25), at(RDX, 64 * j));
            for (int t = 0; t < tokens; t++) {
                Vec four = Vec.zmm(26 + t % 2);
                a.vpbroadcastd(four, x(t, record + j % 8 * 4));
                a.vpdpbusd(dotA(t), Vec.zmm(24), four);
                a.vpdpbusd(dotB(t), Vec.zmm(25), four);
            }
        }
        a.vmovups(Vec.zmm(28), at(RSI, Panel.scale(group)));
        a.vmovups(Vec.zmm(29), at(RDX, Panel.scale(group)));
        for (int t = 0; t < tokens; t++) {
            Vec scale = Vec.zmm(26 + t % 2);
            a.vbroadcastss(scale, x(t, record + Q8Records.SCALE));
            a.vcvtdq2ps(dotA(t), dotA(t));
            a.vcvtdq2ps(dotB(t), dotB(t));
            a.vmulps(dotA(t), dotA(t), scale);
            a.vmulps(dotB(t), dotB(t), scale);
            a.vfmadd231ps(accA(t), dotA(t), Vec.zmm(28));
            a.vfmadd231ps(accB(t), dotB(t), Vec.zmm(29));
        }
        if (code.affine()) {
            a.vmovups(Vec.zmm(30), at(RSI, Panel.min(code, group)));
            a.vmovups(Vec.zmm(31), at(RDX, Panel.min(code, group)));
            for (int t = 0; t < tokens; t++) {
                Vec sum = Vec.zmm(26 + t % 2);
                a.vbroadcastss(sum, x(t, record + (halves ? Q8Records.HALF_SUMS + 4 * half : Q8Records.SUM)));
                a.vfmadd231ps(accA(t), sum, Vec.zmm(30));
                a.vfmadd231ps(accB(t), sum, Vec.zmm(31));
            }
        }
    }

    /// Accumulators of nothing, or of what earlier columns gave.
    private void begin() {
        Label zero = new Label();
        Label ready = new Label();
        a.mov(R10, at(RDI, ADDS));
        a.test(R10, R10);
        a.jz(zero);
        a.mov(RSI, RCX);
        for (int t = 0; t < tokens; t++) {
            a.vmovups(accA(t).under(ROWS_A).orZero(), at(RSI));
            a.vmovups(accB(t).under(ROWS_B).orZero(), at(RSI, 64));
            a.add(RSI, R11);
        }
        a.jmp(ready);
        a.bind(zero);
        for (int t = 0; t < tokens; t++) {
            a.vpxord(accA(t), accA(t), accA(t));
            a.vpxord(accB(t), accB(t), accB(t));
        }
        a.bind(ready);
    }

    private void end() {
        a.mov(RSI, RCX);
        for (int t = 0; t < tokens; t++) {
            a.vmovups(at(RSI), accA(t).under(ROWS_A));
            a.vmovups(at(RSI, 64), accB(t).under(ROWS_B));
            a.add(RSI, R11);
        }
    }

    private static Vec accA(int t) {
        return Vec.zmm(t);
    }

    private static Vec accB(int t) {
        return Vec.zmm(MAX_TOKENS + t);
    }

    private static Vec dotA(int t) {
        return Vec.zmm(2 * MAX_TOKENS + t);
    }

    private static Vec dotB(int t) {
        return Vec.zmm(3 * MAX_TOKENS + t);
    }

    /// A place in the record of token t: tokens 0 to 2 from R8, 3 to 5 from R9, a stride apart.
    private static Mem x(int t, int at) {
        Gpr base = t < 3 ? R8 : R9;
        return t % 3 == 0 ? at(base, at) : at(base, RAX, t % 3, at);
    }
}
