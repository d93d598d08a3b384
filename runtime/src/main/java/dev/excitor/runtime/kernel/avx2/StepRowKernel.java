package dev.excitor.runtime.kernel.avx2;

import static dev.excitor.runtime.asm.Gpr.RDI;
import static dev.excitor.runtime.asm.Gpr.RSI;
import static dev.excitor.runtime.asm.Mem.at;

import dev.excitor.runtime.asm.Mem;
import dev.excitor.runtime.asm.Vec;

/// Rows of weights of any kind, a step at a time:
///
/// ```text
/// for each activation row t
///   factors[t] = scales x.scales[t]                      a lane for each step; into scratch
///   acc[t] += mins x.sums[t]                             affine formats
/// for each step of the octet
///   q = unpack                                           once for all activations
///   for each activation row t
///     acc[t] += factors[t][step] float(q . x.q[t])
/// ```
final class StepRowKernel extends RowKernel {

    static final int MAX_TOKENS = 4;

    private static final int ACCUMULATORS = 4;

    private static final Vec Q = Vec.ymm(4);
    private static final Vec SIGN = Vec.ymm(5);
    private static final Vec MIN = Vec.ymm(5);
    private static final Vec SCALE = Vec.ymm(6);
    private static final Vec WORDS = Vec.ymm(6);
    private static final Vec DOT = Vec.ymm(7);
    private static final Vec FACTOR = Vec.ymm(8);

    /// Two accumulators hide the latency of the sums; of three rows one is enough.
    StepRowKernel(WeightCode code, int cols, int tokens) {
        super(code, cols, tokens, tokens > ACCUMULATORS / 2 ? 1 : 2);
    }

    @Override
    void octet(int steps) {
        factors(steps);
        for (int step = 0; step < steps; step++) {
            int unit = step / code.unitSteps() * code.unitBytes();
            unpacker.weights(RSI, unit, step % code.unitSteps(), code.signed() ? SIGN : Q);
            if (code.signed()) {
                a.vpabsb(Q, SIGN);
            }
            if (code.groupsPerStep() > 1) {
                unpacker.multipliers(step, WORDS);
            }
            for (int t = 0; t < tokens; t++) {
                multiply(step, t);
            }
        }
    }

    private void factors(int steps) {
        Vec scales = unpacker.octetScales(RSI, 0, steps, SCALE);
        for (int t = 0; t < tokens; t++) {
            a.vmulps(FACTOR, scales, x(t, Q8Octets.SCALES));
            a.vmovups(factor(t, 0), FACTOR);
        }
        addMinimums(steps, MIN);
    }

    private void multiply(int step, int t) {
        int q = step * Q8Records.STEP;
        if (code.signed()) {
            a.vmovups(DOT, x(t, q));
            a.vpsignb(DOT, DOT, SIGN);
            a.vpmaddubsw(DOT, Q, DOT);
        } else {
            a.vpmaddubsw(DOT, Q, x(t, q));
            if (!code.affine()) {
                a.vpsubw(DOT, DOT, x(t, Q8Octets.OFFSETS + q));
            }
        }
        a.vpmaddwd(DOT, DOT, code.groupsPerStep() > 1 ? WORDS : ones);
        a.vcvtdq2ps(DOT, DOT);
        a.vbroadcastss(FACTOR, factor(t, step));
        a.vfmadd231ps(accumulator(t, step), DOT, FACTOR);
    }

    private static Mem factor(int t, int step) {
        return at(RDI, SCRATCH + t * 32 + step * Float.BYTES);
    }
}
