package dev.excitor.runtime.kernel.avx2;

import static dev.excitor.runtime.asm.Gpr.R10;
import static dev.excitor.runtime.asm.Gpr.R11;
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
import dev.excitor.runtime.asm.Label;
import dev.excitor.runtime.asm.Mem;
import dev.excitor.runtime.asm.Vec;
import dev.excitor.runtime.kernel.x86.Constants;
import dev.excitor.runtime.kernel.x86.Sums;
import java.util.function.IntConsumer;

/// Products of two [Panel]s, up to 16 weight rows, with many rows of activations, a tile of two or three of them at a
/// time:
///
/// ```text
/// for each tile                                        R9
///   acc = 0, or what y has                             2 panels x T tokens, 8 rows in a register
///   for each step of 32 columns                        R10
///     for each group of 16 or 32 columns               unrolled
///       dot[p][t] = sum over j of q[p][j] . x[t][j]
///       acc[p][t] += scale[p] (x.scale[t] float(dot[p][t]))     + min[p] x.sum[t]
///   y = acc
/// ```
///
/// Every register of weights meets T tokens, every broadcast four bytes of a token two panels.
///
/// Unsigned weights are summed up in words, two for each row: one instruction to multiply and one to add. A word
/// takes two products of each j, one of every two columns of the group. Where that may exceed 16 bits, a middle c
/// is taken off the weights, as c times the sum of the word's activations: words wrap round on the way and end up
/// right, since what is left of a weight is at most `2^(bits-1)` in magnitude. Symmetric formats need that anyway:
///
/// ```text
/// group 32, 4 bits           16 * 15 * 127 = 30,480
/// group 32, 5 bits, c = 16   16 * 16 * 127 = 32,512   affine formats get 16 times the sum of all x back
/// group 16, 6 bits, c = 32    8 * 32 * 127 = 32,512   and less where there are fewer bits
/// ```
///
/// Signed weights are too large for that: their two products become 32 bits at once, as in [RowKernel].
///
/// With AVX-VNNI one instruction adds four products to 32 bits. Signed weights are made unsigned, 128 too large; affine
/// formats have no middle taken off then, and in all others the dot product begins with what is to come off.
final class TileKernel {

    static final int MIN_TOKENS = 2;
    static final int MAX_TOKENS = 3;

    // the arguments, eight bytes each
    static final int PANEL_A = 0;
    static final int PANEL_B = 8;
    static final int STEPS = 16;
    static final int X = 24;
    static final int X_STRIDE = 32;
    static final int Y = 40;
    static final int Y_STRIDE = 48;
    static final int TILES = 56;
    static final int ADDS = 64;
    /// Where 16 lanes of 32 bits are whose highest bits say which rows there are; 0 where all are.
    static final int MASKS = 72;

    private static final Vec WEIGHTS_A = Vec.ymm(12);
    private static final Vec WEIGHTS_B = Vec.ymm(13);
    private static final Vec FOUR = Vec.ymm(14);
    private static final Vec PRODUCT = Vec.ymm(15);
    /// 128 in every byte, with AVX-VNNI.
    private static final Vec SIGNS = PRODUCT;

    private final Assembler a = Assembler.withoutAvx512();
    private final Mem ones = a.constant(Constants.words(i -> 1));
    private final WeightCode code;
    private final int tokens;
    private final boolean vnni;

    /// The middle is 2 to this power; 0 where none is taken off.
    private final int middle;

    private TileKernel(WeightCode code, int tokens, boolean vnni) {
        this.code = code;
        this.tokens = tokens;
        this.vnni = vnni;
        this.middle = code.affine() && (vnni || code.bits() < 5) ? 0 : code.bits() - 1;
    }

    /// The kernel depends on the code's group, bits and whether it is affine, and on nothing else of it.
    ///
    /// @param vnni whether the processor has AVX-VNNI
    static byte[] assemble(WeightCode code, int tokens, boolean vnni) {
        return new TileKernel(code, tokens, vnni).assemble();
    }

    private byte[] assemble() {
        a.push(RBX);
        a.mov(RAX, at(RDI, X_STRIDE));
        a.mov(RBX, at(RDI, X));
        a.mov(RCX, at(RDI, Y));
        a.mov(R11, at(RDI, Y_STRIDE));
        a.mov(R9, at(RDI, TILES));
        if (vnni && code.signed()) {
            a.vmovups(SIGNS, a.constant(Constants.bytes(i -> 128)));
        }
        Label tile = a.here();
        begin();
        a.mov(RSI, at(RDI, PANEL_A));
        a.mov(RDX, at(RDI, PANEL_B));
        a.mov(R10, at(RDI, STEPS));
        a.mov(R8, RBX);
        Label step = a.here();
        for (int group = 0; group < code.groupsPerStep(); group++) {
            if (vnni) {
                vnniDots(group);
            } else if (code.signed()) {
                signedDots();
            } else {
                unsignedDots(group);
            }
            accumulate(group);
        }
        a.add(RSI, Panel.stepBytes(code));
        a.add(RDX, Panel.stepBytes(code));
        a.add(R8, Q8Records.BYTES);
        a.dec(R10);
        a.jnz(step);
        end();
        for (int t = 0; t < tokens; t++) {
            a.add(RBX, RAX);
            a.add(RCX, R11);
        }
        a.dec(R9);
        a.jnz(tile);
        a.vzeroupper();
        a.pop(RBX);
        a.ret();
        return a.bytes();
    }

    /// The dot products of a group, 32 bits each.
    private void unsignedDots(int group) {
        int registers = code.group() / 4;
        int first = group * registers;
        for (int j = first; j < first + registers; j++) {
            a.vmovups(WEIGHTS_A, at(RSI, 32 * j));
            a.vmovups(WEIGHTS_B, at(RDX, 32 * j));
            for (int t = 0; t < tokens; t++) {
                a.vpbroadcastd(FOUR, x(t, 4 * j));
                if (j == first) {
                    a.vpmaddubsw(dotA(t), WEIGHTS_A, FOUR);
                    a.vpmaddubsw(dotB(t), WEIGHTS_B, FOUR);
                } else {
                    a.vpmaddubsw(PRODUCT, WEIGHTS_A, FOUR);
                    a.vpaddw(dotA(t), dotA(t), PRODUCT);
                    a.vpmaddubsw(PRODUCT, WEIGHTS_B, FOUR);
                    a.vpaddw(dotB(t), dotB(t), PRODUCT);
                }
            }
        }
        for (int t = 0; t < tokens; t++) {
            if (middle > 0) {
                a.vpbroadcastd(FOUR, x(t, whole() ? Q8Records.PAIRS : Q8Records.HALF_PAIRS + 4 * group));
                a.vpsllw(FOUR, FOUR, middle);
                a.vpsubw(dotA(t), dotA(t), FOUR);
                a.vpsubw(dotB(t), dotB(t), FOUR);
            }
            a.vpmaddwd(dotA(t), dotA(t), ones);
            a.vpmaddwd(dotB(t), dotB(t), ones);
            if (middle > 0 && code.affine()) {
                a.vpbroadcastd(FOUR, x(t, Q8Records.TOTAL));
                a.vpslld(FOUR, FOUR, middle);
                a.vpaddd(dotA(t), dotA(t), FOUR);
                a.vpaddd(dotB(t), dotB(t), FOUR);
            }
        }
    }

    private void vnniDots(int group) {
        Mem lessMiddle = a.constant(Constants.words(i -> -(1 << middle)));
        for (int t = 0; t < tokens; t++) {
            if (middle > 0) {
                a.vpbroadcastd(FOUR, x(t, whole() ? Q8Records.PAIRS : Q8Records.HALF_PAIRS + 4 * group));
                a.vpmaddwd(dotA(t), FOUR, lessMiddle);
                a.vpmaddwd(dotB(t), FOUR, lessMiddle);
            } else {
                Sums.clear(a, dotA(t));
                Sums.clear(a, dotB(t));
            }
        }
        int registers = code.group() / 4;
        int first = group * registers;
        for (int j = first; j < first + registers; j++) {
            loadUnsigned(WEIGHTS_A, at(RSI, 32 * j));
            loadUnsigned(WEIGHTS_B, at(RDX, 32 * j));
            for (int t = 0; t < tokens; t++) {
                a.vpbroadcastd(FOUR, x(t, 4 * j));
                a.vpdpbusdVex(dotA(t), WEIGHTS_A, FOUR);
                a.vpdpbusdVex(dotB(t), WEIGHTS_B, FOUR);
            }
        }
    }

    /// Weights as they are, or 128 too large where they are signed.
    private void loadUnsigned(Vec weights, Mem from) {
        if (code.signed()) {
            a.vpxor(weights, SIGNS, from);
        } else {
            a.vmovups(weights, from);
        }
    }

    private void signedDots() {
        for (int j = 0; j < code.group() / 4; j++) {
            for (int panel = 0; panel < 2; panel++) {
                Vec sign = WEIGHTS_A;
                Vec magnitude = WEIGHTS_B;
                a.vmovups(sign, at(panel == 0 ? RSI : RDX, 32 * j));
                a.vpabsb(magnitude, sign);
                for (int t = 0; t < tokens; t++) {
                    Vec dot = panel == 0 ? dotA(t) : dotB(t);
                    a.vpbroadcastd(FOUR, x(t, 4 * j));
                    a.vpsignb(FOUR, FOUR, sign);
                    a.vpmaddubsw(PRODUCT, magnitude, FOUR);
                    if (j == 0) {
                        a.vpmaddwd(dot, PRODUCT, ones);
                    } else {
                        a.vpmaddwd(PRODUCT, PRODUCT, ones);
                        a.vpaddd(dot, dot, PRODUCT);
                    }
                }
            }
        }
    }

    private void accumulate(int group) {
        a.vmovups(WEIGHTS_A, at(RSI, Panel.scale(group)));
        a.vmovups(WEIGHTS_B, at(RDX, Panel.scale(group)));
        for (int t = 0; t < tokens; t++) {
            a.vbroadcastss(FOUR, x(t, Q8Records.SCALE));
            a.vcvtdq2ps(dotA(t), dotA(t));
            a.vcvtdq2ps(dotB(t), dotB(t));
            a.vmulps(dotA(t), dotA(t), FOUR);
            a.vmulps(dotB(t), dotB(t), FOUR);
            a.vfmadd231ps(accA(t), dotA(t), WEIGHTS_A);
            a.vfmadd231ps(accB(t), dotB(t), WEIGHTS_B);
        }
        if (code.affine()) {
            a.vmovups(WEIGHTS_A, at(RSI, Panel.min(code, group)));
            a.vmovups(WEIGHTS_B, at(RDX, Panel.min(code, group)));
            for (int t = 0; t < tokens; t++) {
                a.vbroadcastss(FOUR, x(t, whole() ? Q8Records.SUM : Q8Records.HALF_SUMS + 4 * group));
                a.vfmadd231ps(accA(t), FOUR, WEIGHTS_A);
                a.vfmadd231ps(accB(t), FOUR, WEIGHTS_B);
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
        wholeOrMasked(
                () -> eachToken(t -> {
                    a.vmovups(accA(t), at(RSI));
                    a.vmovups(accB(t), at(RSI, 32));
                }),
                () -> eachToken(t -> {
                    a.vmaskmovps(accA(t), WEIGHTS_A, at(RSI));
                    a.vmaskmovps(accB(t), WEIGHTS_B, at(RSI, 32));
                }));
        a.jmp(ready);
        a.bind(zero);
        for (int t = 0; t < tokens; t++) {
            Sums.clear(a, accA(t));
            Sums.clear(a, accB(t));
        }
        a.bind(ready);
    }

    private void end() {
        wholeOrMasked(
                () -> eachToken(t -> {
                    a.vmovups(at(RSI), accA(t));
                    a.vmovups(at(RSI, 32), accB(t));
                }),
                () -> eachToken(t -> {
                    a.vmaskmovps(at(RSI), WEIGHTS_A, accA(t));
                    a.vmaskmovps(at(RSI, 32), WEIGHTS_B, accB(t));
                }));
    }

    /// One or the other, the latter with masks in the registers of weights: moves under a mask are slow, and hardly
    /// ever needed.
    private void wholeOrMasked(Runnable whole, Runnable masked) {
        Label all = new Label();
        Label done = new Label();
        a.mov(R10, at(RDI, MASKS));
        a.test(R10, R10);
        a.jz(all);
        a.vmovups(WEIGHTS_A, at(R10));
        a.vmovups(WEIGHTS_B, at(R10, 32));
        masked.run();
        a.jmp(done);
        a.bind(all);
        whole.run();
        a.bind(done);
    }

    /// Something with every token's row of y, at RSI.
    private void eachToken(IntConsumer move) {
        a.mov(RSI, RCX);
        for (int t = 0; t < tokens; t++) {
            move.accept(t);
            a.add(RSI, R11);
        }
    }

    /// Whether a group is a whole step.
    private boolean whole() {
        return code.groupsPerStep() == 1;
    }

    private static Vec accA(int t) {
        return Vec.ymm(t);
    }

    private static Vec accB(int t) {
        return Vec.ymm(MAX_TOKENS + t);
    }

    private static Vec dotA(int t) {
        return Vec.ymm(2 * MAX_TOKENS + t);
    }

    private static Vec dotB(int t) {
        return Vec.ymm(3 * MAX_TOKENS + t);
    }

    /// A place in the record of token t, a stride apart.
    private static Mem x(int t, int at) {
        return t == 0 ? at(R8, at) : at(R8, RAX, t, at);
    }
}
