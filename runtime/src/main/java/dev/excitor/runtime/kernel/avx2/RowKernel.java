package dev.excitor.runtime.kernel.avx2;

import static dev.excitor.runtime.asm.Gpr.R10;
import static dev.excitor.runtime.asm.Gpr.R11;
import static dev.excitor.runtime.asm.Gpr.R8;
import static dev.excitor.runtime.asm.Gpr.R9;
import static dev.excitor.runtime.asm.Gpr.RAX;
import static dev.excitor.runtime.asm.Gpr.RCX;
import static dev.excitor.runtime.asm.Gpr.RDI;
import static dev.excitor.runtime.asm.Gpr.RDX;
import static dev.excitor.runtime.asm.Gpr.RSI;
import static dev.excitor.runtime.asm.Mem.at;

import dev.excitor.runtime.asm.Assembler;
import dev.excitor.runtime.asm.Label;
import dev.excitor.runtime.asm.Operand;
import dev.excitor.runtime.asm.Vec;
import dev.excitor.runtime.kernel.x86.Constants;
import dev.excitor.runtime.kernel.x86.RowArguments;
import dev.excitor.runtime.kernel.x86.Sums;

/// Products of weight rows, as they lie in the file, with one to four rows of activations:
///
/// ```text
/// for each weight row                                    RSI, RDX rows
///   for each unit of the row                             R10
///     for each step of 32 weights of the unit            unrolled
///       q, scale = unpack                                once for all activations
///       for each activation row t                        unrolled
///         acc[t] += scale (x.scale float(q . x.q))       + min x.sum
///   y[t][row] = sum of the lanes of acc[t]
/// ```
///
/// `vpmaddubsw` adds two products of an unsigned and a signed byte and saturates at 16 bits. Affine formats have
/// unsigned weights of at most 31, so `2 * 31 * 127` is the most that can meet there. Symmetric ones lend their
/// sign to the activations, `w x = |w| (sign(w) x)`: activations are from -127 to 127, so the sign costs nothing,
/// and weights from -128 on, whose magnitude is an unsigned 128, so the most is `2 * 128 * 127 = 32,512`. Nothing
/// saturates, and the dot product is exact.
///
/// Takes [RowArguments]. Rows follow each other in memory, so the weights are one stream that the processor's
/// prefetcher follows.
final class RowKernel {

    /// Most activation rows at once.
    static final int MAX_TOKENS = 4;

    private static final int ACCUMULATORS = 4;

    private static final Vec Q = Vec.ymm(4);
    private static final Vec SIGN = Vec.ymm(5);
    private static final Vec MIN = Vec.ymm(5);
    private static final Vec SCALE = Vec.ymm(6);
    private static final Vec DOT = Vec.ymm(7);
    private static final Vec X = Vec.ymm(8);

    private final Listing k = new Listing();
    private final Assembler a = k.asm();
    private final WeightCode code;
    private final int cols;
    private final int tokens;

    /// Accumulators of each row of activations; two hide the latency of the sums, and of three rows one is enough.
    private final int width;

    private RowKernel(WeightCode code, int cols, int tokens) {
        this.code = code;
        this.cols = cols;
        this.tokens = tokens;
        this.width = tokens > ACCUMULATORS / 2 ? 1 : 2;
    }

    /// @param cols   of the matrix, whole units
    /// @param tokens activation rows, 1 to [#MAX_TOKENS]
    static byte[] assemble(WeightCode code, int cols, int tokens) {
        return new RowKernel(code, cols, tokens).assemble();
    }

    private byte[] assemble() {
        int units = cols / code.unitWeights();
        int unroll = code.unitSteps() == 1 && units % 4 == 0 ? 4 : 1;
        a.mov(RSI, at(RDI, RowArguments.W));
        a.mov(RDX, at(RDI, RowArguments.ROWS));
        a.mov(RCX, at(RDI, RowArguments.X));
        a.mov(R8, at(RDI, RowArguments.Y));
        a.mov(R9, at(RDI, RowArguments.Y_STRIDE));
        Unpacker unpacker = code.unpacker().apply(k);
        Operand zero = k.constant(Constants.bytes(i -> code.zero()));
        Operand ones = k.constant(Constants.words(i -> 1));
        Label row = a.here();
        for (int i = 0; i < width * tokens; i++) {
            Sums.clear(a, Vec.ymm(i));
        }
        a.mov(R11, RCX);
        a.mov(R10.lower(), units / unroll);
        Label next = a.here();
        for (int unit = 0; unit < unroll; unit++) {
            unit(unpacker, zero, ones, unit);
        }
        a.add(RSI, unroll * code.unitBytes());
        a.add(R11, unroll * code.unitSteps() * Q8Records.BYTES);
        a.dec(R10.lower());
        a.jnz(next);
        for (int t = 0; t < tokens; t++) {
            store(t);
        }
        a.add(R8, Float.BYTES);
        a.dec(RDX);
        a.jnz(row);
        a.vzeroupper();
        a.ret();
        return a.bytes();
    }

    private void unit(Unpacker unpacker, Operand zero, Operand ones, int unit) {
        int at = unit * code.unitBytes();
        for (int line = (at + 63) / 64 * 64; line < at + code.unitBytes(); line += 64) {
            a.prefetcht0(at(RSI, RowArguments.AHEAD + line));
        }
        for (int step = 0; step < code.unitSteps(); step++) {
            unpacker.begin(RSI, at, step);
            unpacker.weights(RSI, at, step, Q);
            unpacker.scales(RSI, at, step, SCALE);
            if (code.affine()) {
                unpacker.mins(RSI, at, step, MIN);
            } else if (code.signed()) {
                a.vmovaps(SIGN, Q);
                a.vpabsb(Q, Q);
            } else {
                a.vpsubb(SIGN, Q, zero);
                a.vpabsb(Q, SIGN);
            }
            for (int t = 0; t < tokens; t++) {
                multiply(ones, unit * code.unitSteps() + step, t);
            }
        }
    }

    private void multiply(Operand ones, int step, int t) {
        Vec acc = Vec.ymm(width * t + step % width);
        int x = t * Q8Records.rowBytes(cols) + step * Q8Records.BYTES;
        if (code.affine()) {
            a.vpmaddubsw(DOT, Q, at(R11, x));
        } else {
            a.vmovups(DOT, at(R11, x));
            a.vpsignb(DOT, DOT, SIGN);
            a.vpmaddubsw(DOT, Q, DOT);
        }
        a.vpmaddwd(DOT, DOT, ones);
        a.vcvtdq2ps(DOT, DOT);
        a.vbroadcastss(X, at(R11, x + Q8Records.SCALE));
        a.vmulps(DOT, DOT, X);
        a.vfmadd231ps(acc, DOT, SCALE);
        if (code.affine()) {
            if (code.groupsPerStep() == 1) {
                a.vmovss(X.x(), at(R11, x + Q8Records.SUM));
            } else {
                a.vmovq(X.x(), at(R11, x + Q8Records.HALF_SUMS));
            }
            a.vfmadd231ps(acc, MIN, X); // lanes without a sum hold 0
        }
    }

    /// Adds up the lanes of a token's accumulators and stores the sum at the row's place.
    private void store(int t) {
        Vec acc = Vec.ymm(width * t);
        if (width == 1) {
            Sums.clear(a, DOT);
        }
        Sums.ofLanes(a, acc, width == 1 ? DOT : Vec.ymm(width * t + 1));
        if (t == 0) {
            a.mov(RAX, R8);
        } else {
            a.add(RAX, R9);
        }
        a.vmovss(at(RAX), acc.x());
    }
}
