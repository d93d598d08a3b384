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
import dev.excitor.runtime.kernel.x86.Sums;

/// Joins what the spans of a single query left, see [AttentionKernel], for some neighbouring heads:
///
/// ```text
/// for each head                                    R10
///   m = the largest of max[s]                      over the spans, RAX, RCX
///   for some channels at a time
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

    private final Registers registers;
    private final Assembler a;
    private final ScoreExponential exponential;
    private final Vec total;
    private final Vec max;
    private final Vec factor;
    private final Vec t;

    /// Bytes of the sums of a head; its largest score and the sum of its weights are behind them.
    private final int sums;

    private JoinKernel(int valueDim, Registers registers) {
        this.registers = registers;
        this.a = registers.assembler();
        this.exponential = new ScoreExponential(a, registers);
        this.total = registers.get(VECTORS);
        this.max = registers.get(VECTORS + 1);
        this.factor = registers.get(VECTORS + 2);
        this.t = registers.get(VECTORS + 3);
        this.sums = valueDim * Float.BYTES;
    }

    static byte[] assemble(int valueDim, Registers registers) {
        return new JoinKernel(valueDim, registers).assemble();
    }

    private byte[] assemble() {
        exponential.load();
        a.mov(RSI, at(RDI, PARTIALS));
        a.mov(R8, at(RDI, SPAN_BYTES));
        a.mov(R10, at(RDI, HEADS));
        a.mov(RDX, at(RDI, OUT));
        Label head = a.here();
        a.vbroadcastss(max, at(RSI, sums));
        spans(() -> a.vmaxps(max, max, registers.all(a, at(RAX, sums), t)));
        for (int channel = 0; channel < sums; channel += VECTORS * registers.bytes()) {
            join(channel, Math.min(VECTORS, (sums - channel) / registers.bytes()));
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
        Sums.clear(a, total);
        for (int v = 0; v < vectors; v++) {
            Sums.clear(a, registers.get(v));
        }
        spans(() -> {
            a.vbroadcastss(factor, at(RAX, sums));
            a.vsubps(factor, factor, max);
            exponential.of(factor);
            a.vfmadd231ps(total, factor, registers.all(a, at(RAX, sums + Float.BYTES), t));
            for (int v = 0; v < vectors; v++) {
                a.vfmadd231ps(registers.get(v), factor, at(RAX, channel + registers.bytes() * v));
            }
        });
        a.vmovups(t, a.constant(Constants.floats(1)));
        a.vdivps(t, t, total);
        for (int v = 0; v < vectors; v++) {
            a.vmulps(registers.get(v), registers.get(v), t);
            a.vmovups(at(RDX, channel + registers.bytes() * v), registers.get(v));
        }
    }
}
