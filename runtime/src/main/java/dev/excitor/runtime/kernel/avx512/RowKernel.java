package dev.excitor.runtime.kernel.avx512;

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
import dev.excitor.runtime.asm.Vec;
import dev.excitor.runtime.kernel.x86.RowArguments;
import dev.excitor.runtime.kernel.x86.Sums;

/// Products of weight rows, as they lie in the file, with one to three rows of activations:
///
/// ```text
/// for each weight row                                    RSI, RDX rows
///   for each unit of the row                             R10
///     for each step of 64 weights of the unit            unrolled
///       q, scale = unpack                                once for all activations
///       for each activation row t                        unrolled
///         acc[t] += (scale x.scale) float(q . x.q + x.offset)
///   y[t][row] = sum of the lanes of acc[t]
/// ```
///
/// Takes [RowArguments]. Rows follow each other in memory, so the weights are one stream that the processor's
/// prefetcher follows.
final class RowKernel {

    /// Most activation rows at once.
    static final int MAX_TOKENS = 3;

    private static final Vec Q = Vec.zmm(12);
    private static final Vec SCALE = Vec.zmm(13);
    private static final Vec MIN = Vec.zmm(14);

    private final Listing k = new Listing();
    private final Assembler a = k.asm();
    private final WeightCode code;
    private final int cols;
    private final int tokens;

    private RowKernel(WeightCode code, int cols, int tokens) {
        this.code = code;
        this.cols = cols;
        this.tokens = tokens;
    }

    /// @param cols   of the matrix, whole units
    /// @param tokens activation rows, 1 to [#MAX_TOKENS]
    static byte[] assemble(WeightCode code, int cols, int tokens) {
        return new RowKernel(code, cols, tokens).assemble();
    }

    private byte[] assemble() {
        int units = cols / code.unitWeights();
        int unroll = code.unitWeights() == 64 && units % 4 == 0 ? 4 : 1;
        a.mov(RSI, at(RDI, RowArguments.W));
        a.mov(RDX, at(RDI, RowArguments.ROWS));
        a.mov(RCX, at(RDI, RowArguments.X));
        a.mov(R8, at(RDI, RowArguments.Y));
        a.mov(R9, at(RDI, RowArguments.Y_STRIDE));
        a.mov(RAX.lower(), 0xff00);
        a.kmovw(Listing.UPPER, RAX.lower());
        Unpacker unpacker = code.unpacker().apply(k);
        Label row = a.here();
        for (int i = 0; i < 2 * tokens; i++) {
            a.vpxord(Vec.zmm(i), Vec.zmm(i), Vec.zmm(i));
        }
        a.mov(R11, RCX);
        a.mov(R10.lower(), units / unroll);
        Label next = a.here();
        for (int unit = 0; unit < unroll; unit++) {
            unit(unpacker, unit);
        }
        a.add(RSI, unroll * code.unitBytes());
        a.add(R11, unroll * code.unitSteps() * Q8Lanes.STEP_BYTES);
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

    private void unit(Unpacker unpacker, int unit) {
        int at = unit * code.unitBytes();
        for (int line = at / 64 * 64; line < at + code.unitBytes(); line += 64) {
            if (line >= at) {
                a.prefetcht0(at(RSI, RowArguments.AHEAD + line));
            }
        }
        unpacker.begin(RSI, at);
        for (int step = 0; step < code.unitSteps(); step++) {
            unpacker.weights(RSI, at, step, Q);
            unpacker.scales(RSI, at, step, SCALE);
            if (code.affine()) {
                unpacker.mins(RSI, at, step, MIN);
            }
            int number = unit * code.unitSteps() + step;
            for (int t = 0; t < tokens; t++) {
                multiply(number, t);
            }
        }
    }

    /// `acc[t] += (scale x.scale) float(q . x.q + x.offset)`, or with `min x.sum` instead of the offset.
    private void multiply(int step, int t) {
        Vec dot = Vec.zmm(8 + t);
        Vec acc = Vec.zmm(2 * t + step % 2);
        int x = t * Q8Lanes.rowBytes(cols) + step * Q8Lanes.STEP_BYTES;
        if (code.affine()) {
            a.vpxord(dot, dot, dot);
        } else {
            a.vmovups(dot, at(R11, x + Q8Lanes.OFFSET));
        }
        a.vpdpbusd(dot, Q, at(R11, x));
        a.vcvtdq2ps(dot, dot);
        a.vmulps(dot, dot, at(R11, x + Q8Lanes.SCALE));
        a.vfmadd231ps(acc, dot, SCALE);
        if (code.affine()) {
            a.vfmadd231ps(acc, MIN, at(R11, x + Q8Lanes.SUM));
        }
    }

    /// Adds up the lanes of a token's accumulators, halves first, and stores the sum at the row's place.
    private void store(int t) {
        Vec acc = Vec.zmm(2 * t);
        Vec other = Vec.zmm(2 * t + 1);
        Sums.ofLanes(a, acc, other);
        if (t == 0) {
            a.mov(RAX, R8);
        } else {
            a.add(RAX, R9);
        }
        a.vmovss(at(RAX), acc.x());
    }
}
