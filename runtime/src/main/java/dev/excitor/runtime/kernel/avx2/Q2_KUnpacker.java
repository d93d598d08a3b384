package dev.excitor.runtime.kernel.avx2;

import static dev.excitor.runtime.asm.Mem.at;
import static dev.excitor.runtime.kernel.avx2.Listing.T0;
import static dev.excitor.runtime.kernel.avx2.Listing.T1;
import static dev.excitor.runtime.kernel.avx2.Listing.U0;
import static dev.excitor.runtime.kernel.avx2.Listing.U1;

import dev.excitor.runtime.asm.Assembler;
import dev.excitor.runtime.asm.Gpr;
import dev.excitor.runtime.asm.Operand;
import dev.excitor.runtime.asm.Vec;
import dev.excitor.runtime.kernel.x86.Constants;

/// Q2_K: sixteen bytes of a 4-bit scale (low) and a 4-bit minimum each, 64 bytes of pairs of bits, d and dmin.
///
/// For half a block, U0 holds d times the scales in the order of [Sixteenths], U1 `-dmin` times the minimums in
/// their own.
final class Q2_KUnpacker implements Unpacker {

    private static final int LOW = 16;
    private static final int D = 80;
    private static final int DMIN = 82;

    private final Listing k;
    private final Assembler a;
    private final Operand mask;

    Q2_KUnpacker(Listing k) {
        this.k = k;
        this.a = k.asm();
        this.mask = k.constant(Constants.bytes(i -> 3));
    }

    @Override
    public void begin(Gpr w, int at, int step) {
        if (step % Sixteenths.STEPS != 0) {
            return;
        }
        a.vmovq(T0.x(), at(w, at + 2 * step));
        a.vpshufb(T1.x(), T0.x(), k.memory(Sixteenths.order()));
        a.vpmovzxbd(U0, T1.x());
        a.vpand(U0, U0, k.memory(Constants.ints(i -> 15)));
        a.vcvtdq2ps(U0, U0);
        Halves.scale(a, w, at + D, T1, U0);
        minimums(w, at, 2 * step, U1);
    }

    @Override
    public void weights(Gpr w, int at, int step, Vec q) {
        k.maskedBits(q, at(w, at + LOW + step / 4 * 32), 2 * (step % 4), mask);
    }

    @Override
    public void scales(Gpr w, int at, int step, Vec scale) {
        Sixteenths.ofStep(a, step, U0, scale);
    }

    @Override
    public void mins(Gpr w, int at, int step, Vec min) {
        int first = 2 * (step % Sixteenths.STEPS);
        a.vmovups(min, k.memory(Constants.ints(i -> first + i % 2)));
        a.vpermps(min, min, U1);
    }

    @Override
    public Vec octetScales(Gpr w, int at, int steps, Vec scale) {
        a.vbroadcasti128(U0, at(w, at));
        a.vpand(U0, U0, k.memory(Constants.bytes(i -> 0x0f)));
        Sixteenths.octetScales(k, w, at + D, scale);
        return scale;
    }

    @Override
    public Vec octetMins(Gpr w, int at, int steps, int part, Vec min) {
        minimums(w, at, 8 * part, min);
        return min;
    }

    /// `-dmin` times eight minimums from one on, in their order.
    private void minimums(Gpr w, int at, int first, Vec min) {
        a.vpmovzxbd(min, at(w, at + first));
        a.vpsrld(min, min, 4);
        a.vcvtdq2ps(min, min);
        a.vpxor(min, min, k.memory(Constants.ints(i -> 0x80000000)));
        Halves.scale(a, w, at + DMIN, T1, min);
    }

    @Override
    public void multipliers(int step, Vec words) {
        Sixteenths.multipliers(k, step, U0, words);
    }
}
