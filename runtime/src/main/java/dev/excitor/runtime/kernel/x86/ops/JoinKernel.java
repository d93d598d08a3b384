package dev.excitor.runtime.kernel.x86.ops;

import static dev.excitor.runtime.asm.Gpr.R10;
import static dev.excitor.runtime.asm.Gpr.R8;
import static dev.excitor.runtime.asm.Gpr.RAX;
import static dev.excitor.runtime.asm.Gpr.RCX;
import static dev.excitor.runtime.asm.Gpr.RDI;
import static dev.excitor.runtime.asm.Gpr.RDX;
import static dev.excitor.runtime.asm.Gpr.RSI;
import static dev.excitor.runtime.asm.Mem.at;

import dev.excitor.runtime.asm.Assembler;
import dev.excitor.runtime.asm.Label;
import dev.excitor.runtime.asm.Vec;
import dev.excitor.runtime.kernel.x86.Constants;

/// Joins what the spans of a single query left, see [AttentionKernel], for some neighbouring heads:
///
/// ```text
/// for each head                                    R10
///   m = the largest of max[s]                      over the spans, RAX, RCX
///   for each 64 channels
///     total = sum over s of e^(max[s] - m) total[s]
///     out   = sum over s of e^(max[s] - m) sums[s] / total
/// ```
final class JoinKernel {

    // the arguments, eight bytes each
    static final int PARTIALS = 0;
    static final int SPAN_BYTES = 8;
    static final int SPANS = 16;
    static final int HEADS = 24;
    static final int OUT = 32;

    /// Registers that sums are joined in at once.
    private static final int VECTORS = 4;

    private static final Vec TOTAL = Vec.zmm(4);
    private static final Vec MAX = Vec.zmm(5);
    private static final Vec FACTOR = Vec.zmm(6);
    private static final Vec T = Vec.zmm(7);

    private final Assembler a = new Assembler();
    private final ScoreExponential exponential = new ScoreExponential(a);

    /// Bytes of the sums of a head; its largest score and the sum of its weights are behind them.
    private final int sums;

    private JoinKernel(int valueDim) {
        this.sums = valueDim * Float.BYTES;
    }

    static byte[] assemble(int valueDim) {
        return new JoinKernel(valueDim).assemble();
    }

    private byte[] assemble() {
        exponential.load();
        a.mov(RSI, at(RDI, PARTIALS));
        a.mov(R8, at(RDI, SPAN_BYTES));
        a.mov(R10, at(RDI, HEADS));
        a.mov(RDX, at(RDI, OUT));
        Label head = a.here();
        a.vbroadcastss(MAX, at(RSI, sums));
        spans(() -> a.vmaxps(MAX, MAX, at(RAX, sums).toAll()));
        for (int channel = 0; channel < sums; channel += VECTORS * 64) {
            join(channel, Math.min(VECTORS, (sums - channel) / 64));
        }
        a.add(RSI, sums + 2 * Float.BYTES);
        a.add(RDX, sums);
        a.dec(R10);
        a.jnz(head);
        a.vzeroupper();
        a.ret();
        return a.bytes();
    }

    /// Runs RAX over the head's part of each span.
    private void spans(Runnable code) {
        a.mov(RAX, RSI);
        a.mov(RCX, at(RDI, SPANS));
        Label next = a.here();
        code.run();
        a.add(RAX, R8);
        a.dec(RCX);
        a.jnz(next);
    }

    private void join(int channel, int vectors) {
        a.vpxord(TOTAL, TOTAL, TOTAL);
        for (int v = 0; v < vectors; v++) {
            a.vpxord(Vec.zmm(v), Vec.zmm(v), Vec.zmm(v));
        }
        spans(() -> {
            a.vbroadcastss(FACTOR, at(RAX, sums));
            a.vsubps(FACTOR, FACTOR, MAX);
            exponential.of(FACTOR);
            a.vfmadd231ps(TOTAL, FACTOR, at(RAX, sums + Float.BYTES).toAll());
            for (int v = 0; v < vectors; v++) {
                a.vfmadd231ps(Vec.zmm(v), FACTOR, at(RAX, channel + 64 * v));
            }
        });
        a.vmovups(T, a.constant(Constants.floats(1)));
        a.vdivps(T, T, TOTAL);
        for (int v = 0; v < vectors; v++) {
            a.vmulps(Vec.zmm(v), Vec.zmm(v), T);
            a.vmovups(at(RDX, channel + 64 * v), Vec.zmm(v));
        }
    }
}
