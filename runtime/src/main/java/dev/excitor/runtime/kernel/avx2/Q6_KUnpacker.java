package dev.excitor.runtime.kernel.avx2;

import static dev.excitor.runtime.asm.Mem.at;
import static dev.excitor.runtime.kernel.avx2.Listing.T0;
import static dev.excitor.runtime.kernel.avx2.Listing.U0;

import dev.excitor.runtime.asm.Assembler;
import dev.excitor.runtime.asm.Gpr;
import dev.excitor.runtime.asm.Operand;
import dev.excitor.runtime.asm.Vec;
import dev.excitor.runtime.kernel.x86.Constants;

/// Q6_K: 128 bytes of low nibbles, 64 bytes of high pairs of bits, 16 signed scales and d.
///
/// Each half of 128 weights is four steps of 32: the low nibbles of its 64 bytes, then the high ones. The 32
/// bytes of high bits serve all of them, two bits further for each. U0 holds d times the half's scales, in the
/// order of [Sixteenths].
final class Q6_KUnpacker implements Unpacker {

    private static final int HIGH = 128;
    private static final int SCALES = 192;
    private static final int D = 208;

    private final Listing k;
    private final Assembler a;
    private final Operand lowMask;
    private final Operand highMask;

    Q6_KUnpacker(Listing k) {
        this.k = k;
        this.a = k.asm();
        this.lowMask = k.constant(Constants.bytes(i -> 0x0f));
        this.highMask = k.constant(Constants.bytes(i -> 0x30));
    }

    @Override
    public void begin(Gpr w, int at, int step) {
        if (step % Sixteenths.STEPS != 0) {
            return;
        }
        a.vmovq(T0.x(), at(w, at + SCALES + 2 * step));
        a.vpshufb(T0.x(), T0.x(), k.memory(Sixteenths.order()));
        a.vpmovsxbd(U0, T0.x());
        a.vcvtdq2ps(U0, U0);
        Halves.scale(a, w, at + D, T0, U0);
    }

    @Override
    public void weights(Gpr w, int at, int step, Vec q) {
        int half = step / 4;
        int quarter = step % 4;
        k.maskedBits(q, at(w, at + half * 64 + quarter % 2 * 32), quarter / 2 * 4, lowMask);
        HighBits.add(k, w, at + HIGH + half * 32, 2 * quarter - 4, highMask, q);
    }

    @Override
    public void scales(Gpr w, int at, int step, Vec scale) {
        Sixteenths.ofStep(a, step, U0, scale);
    }

    @Override
    public Vec octetScales(Gpr w, int at, int steps, Vec scale) {
        a.vbroadcasti128(U0, at(w, at + SCALES));
        Sixteenths.octetScales(k, w, at + D, scale);
        return scale;
    }

    @Override
    public void multipliers(int step, Vec words) {
        Sixteenths.multipliers(k, step, U0, words);
    }
}
