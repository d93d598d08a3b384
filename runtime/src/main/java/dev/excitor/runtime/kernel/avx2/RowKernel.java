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
import dev.excitor.runtime.asm.Mem;
import dev.excitor.runtime.asm.Operand;
import dev.excitor.runtime.asm.Vec;
import dev.excitor.runtime.kernel.x86.Constants;
import dev.excitor.runtime.kernel.x86.RowArguments;
import dev.excitor.runtime.kernel.x86.Sums;

/// Products of weight rows, as they lie in the file, with a few rows of activations:
///
/// ```text
/// for each weight row                                    RSI, RDX rows
///   for each octet of the row                            R10; eight steps of 32 weights, fewer at the row's end
///     acc[t] += products of the octet                    unrolled, StepRowKernel or PairRowKernel
///   y[t][row] = sum of the lanes of acc[t]
/// ```
///
/// `vpmaddubsw` adds two products of an unsigned and a signed byte and saturates at 16 bits. Weights are unsigned and
/// at most 63, so `2 * 63 * 127` is the most that can meet there; where the middle of them means 0, what they have too
/// much of comes off later, see [Q8Octets]. Signed weights of eight bits lend their sign to the activations, `w x = |w|
/// (sign(w) x)`: activations are from -127 to 127, so the sign costs nothing, and the most is `2 * 128 * 127 = 32,512`.
/// Nothing saturates, and the dot product is exact.
///
/// What counts is the number of instructions, where the memory is fast: so scales are made and multiplied eight at a
/// time.
///
/// Takes [RowArguments] with scratch memory behind them, [#ARGUMENT_BYTES] in all. Rows follow each other in memory, so
/// the weights are one stream that the processor's prefetcher follows.
abstract class RowKernel {

    /// Most activation rows of any kernel at once.
    private static final int MAX_TOKENS = StepRowKernel.MAX_TOKENS;

    /// Scratch memory: behind the arguments, on a cache line.
    static final int SCRATCH = 64;

    /// Arguments and scratch.
    static final int ARGUMENT_BYTES = SCRATCH + MAX_TOKENS * 32;

    final Listing k = new Listing();
    final Assembler a = k.asm();
    final WeightCode code;
    final Unpacker unpacker;
    final Operand ones;
    final int tokens;
    private final int cols;

    /// Accumulators of each row of activations, registers from 0 on.
    private final int width;

    RowKernel(WeightCode code, int cols, int tokens, int width) {
        this.code = code;
        this.cols = cols;
        this.tokens = tokens;
        this.width = width;
        this.unpacker = code.unpacker().apply(k);
        this.ones = k.constant(Constants.words(i -> 1));
    }

    /// Most activation rows of a format at once.
    static int mostTokens(WeightCode code) {
        return code.octets().pairs() ? PairRowKernel.MAX_TOKENS : StepRowKernel.MAX_TOKENS;
    }

    /// @param cols   of the matrix, whole units
    /// @param tokens activation rows, 1 to [#mostTokens]
    static byte[] assemble(WeightCode code, int cols, int tokens) {
        RowKernel kernel =
                code.octets().pairs() ? new PairRowKernel(code, cols, tokens) : new StepRowKernel(code, cols, tokens);
        return kernel.assemble();
    }

    /// Adds the products of the octet at RSI with those at R11.
    ///
    /// @param steps 1 to 8
    abstract void octet(int steps);

    private byte[] assemble() {
        int octets = cols / Q8Octets.NUMBERS;
        int rest = cols % Q8Octets.NUMBERS / Q8Records.STEP;
        a.mov(RSI, at(RDI, RowArguments.W));
        a.mov(RDX, at(RDI, RowArguments.ROWS));
        a.mov(RCX, at(RDI, RowArguments.X));
        a.mov(R8, at(RDI, RowArguments.Y));
        a.mov(R9, at(RDI, RowArguments.Y_STRIDE));
        Label row = a.here();
        for (int i = 0; i < width * tokens; i++) {
            Sums.clear(a, Vec.ymm(i));
        }
        a.mov(R11, RCX);
        if (octets > 0) {
            a.mov(R10.lower(), octets);
            Label next = a.here();
            prefetchAndMultiply(Q8Octets.STEPS);
            a.add(R11, Q8Octets.BYTES);
            a.dec(R10.lower());
            a.jnz(next);
        }
        if (rest > 0) {
            prefetchAndMultiply(rest);
        }
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

    private void prefetchAndMultiply(int steps) {
        int bytes = steps / code.unitSteps() * code.unitBytes();
        for (int line = 0; line < bytes; line += 64) {
            a.prefetcht0(at(RSI, RowArguments.AHEAD + line));
        }
        octet(steps);
        a.add(RSI, bytes);
    }

    /// `acc[t] += mins x.sums[t]` for the octet, where weights are affine.
    ///
    /// @param min for the minimums, where the unpacker has none of its own
    final void addMinimums(int steps, Vec min) {
        if (!code.affine()) {
            return;
        }
        for (int part = 0; part < code.groupsPerStep(); part++) {
            Vec mins = unpacker.octetMins(RSI, 0, steps, part, min);
            int sums = code.groupsPerStep() == 1 ? Q8Octets.SUMS : Q8Octets.HALF_SUMS + 32 * part;
            for (int t = 0; t < tokens; t++) {
                a.vfmadd231ps(accumulator(t, part), mins, x(t, sums));
            }
        }
    }

    /// The accumulator of row t that a step goes to.
    final Vec accumulator(int t, int step) {
        return Vec.ymm(width * t + step % width);
    }

    /// A place in the octet of row t.
    final Mem x(int t, int at) {
        return at(R11, t * Q8Octets.rowBytes(cols) + at);
    }

    /// Adds up the lanes of a token's accumulators and stores the sum at the row's place.
    private void store(int t) {
        Vec temporary = Listing.T0;
        if (width == 1) {
            Sums.clear(a, temporary);
        }
        Sums.ofLanes(a, accumulator(t, 0), width == 1 ? temporary : accumulator(t, 1));
        if (t == 0) {
            a.mov(RAX, R8);
        } else {
            a.add(RAX, R9);
        }
        a.vmovss(at(RAX), accumulator(t, 0).x());
    }
}
