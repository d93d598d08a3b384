package dev.excitor.runtime.kernel.avx2;

import static dev.excitor.runtime.asm.Gpr.RSI;
import static dev.excitor.runtime.kernel.avx2.Listing.T0;
import static dev.excitor.runtime.kernel.avx2.Listing.T1;

import dev.excitor.runtime.asm.Vec;

/// Rows of weights of four bits, two steps at a time, four apart, one in each half of a register:
///
/// ```text
/// for each activation row t
///   for each pair i of the octet                         q unpacked once for all activations
///     dot[i] = q . x.q[t]                                four lanes for step i, four for step i + 4
///   dot = dot[0] to dot[3], added up                     a lane for each step
///   acc[t] += (scales x.scales[t]) float(dot - x.offsets[t])
///   acc[t] += mins x.sums[t]                             affine formats
/// ```
///
/// Neighbouring lanes are added by packing them into words, which hold half a step's products, and multiplying those by
/// 1: two instructions that leave steps in their order, in each half of the register for itself. So eight steps become
/// floats at once.
final class PairRowKernel extends RowKernel {

    /// More have no registers for their sums.
    static final int MAX_TOKENS = 2;

    private static final Vec[] Q = {Vec.ymm(4), Vec.ymm(5), Vec.ymm(6), Vec.ymm(7)};
    private static final Vec T2 = Vec.ymm(8);

    PairRowKernel(WeightCode code, int cols, int tokens) {
        super(code, cols, tokens, 1);
    }

    @Override
    void octet(int steps) {
        for (int first = 0; first < Q8Octets.PAIR; first += 2) {
            unpacker.pairs(RSI, 0, first, steps, Q);
            for (int t = 0; t < tokens; t++) {
                dot(t, first, T0);
                dot(t, first + 1, T1);
                addNeighbours(first == 0 ? sums(t) : T0, T0, T1);
                if (first > 0) {
                    addNeighbours(sums(t), sums(t), T0);
                }
            }
        }
        for (int t = 0; t < tokens; t++) {
            if (!code.affine()) {
                a.vpsubd(sums(t), sums(t), x(t, Q8Octets.SUMS));
            }
            a.vcvtdq2ps(sums(t), sums(t));
        }
        Vec scales = unpacker.octetScales(RSI, 0, steps, Q[0]);
        for (int t = 0; t < tokens; t++) {
            a.vmulps(T0, scales, x(t, Q8Octets.SCALES));
            a.vfmadd231ps(accumulator(t, 0), sums(t), T0);
        }
        addMinimums(steps, Q[0]);
    }

    /// The dot products of a pair, each in four lanes.
    private void dot(int t, int pair, Vec dot) {
        int x = pair * 2 * Q8Records.STEP;
        a.vpmaddubsw(dot, Q[pair % 2 * 2], x(t, x));
        a.vpmaddubsw(T2, Q[pair % 2 * 2 + 1], x(t, x + Q8Records.STEP));
        a.vpaddw(dot, dot, T2);
        a.vpmaddwd(dot, dot, ones);
    }

    /// In each half: the sums of each two lanes of one register, then of the other.
    private void addNeighbours(Vec target, Vec one, Vec other) {
        a.vpackssdw(target, one, other);
        a.vpmaddwd(target, target, ones);
    }

    private static Vec sums(int t) {
        return Vec.ymm(MAX_TOKENS + t);
    }
}
