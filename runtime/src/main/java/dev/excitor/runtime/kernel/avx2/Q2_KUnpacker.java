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
        a.vpmovzxbd(U1, T0.x());
        a.vpsrld(U1, U1, 4);
        a.vcvtdq2ps(U1, U1);
        a.vpxor(U1, U1, k.memory(Constants.ints(i -> 0x80000000)));
        Halves.scale(a, w, at + DMIN, T1, U1);
    }

    @Override
    public void weights(Gpr w, int at, int step, Vec q) {
        a.vmovups(q, at(w, at + LOW + step / 4 * 32));
        if (step % 4 > 0) {
            a.vpsrlw(q, q, 2 * (step % 4));
        }
        a.vpand(q, q, mask);
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
}
