package dev.excitor.runtime.kernel.avx512;

import static dev.excitor.runtime.asm.Mem.at;
import static dev.excitor.runtime.kernel.avx512.Listing.T0;
import static dev.excitor.runtime.kernel.avx512.Listing.U0;
import static dev.excitor.runtime.kernel.avx512.Listing.U1;

import dev.excitor.runtime.asm.Assembler;
import dev.excitor.runtime.asm.Gpr;
import dev.excitor.runtime.asm.Vec;

/// Q2_K: sixteen bytes of a 4-bit scale (low) and a 4-bit minimum each, 64 bytes of pairs of bits, d and dmin.
///
/// U0 holds d times the scales, U1 `-dmin` times the minimums.
final class Q2_KUnpacker implements Unpacker {

    private static final int LOW = 16;
    private static final int D = 80;
    private static final int DMIN = 82;

    private final Listing k;
    private final Assembler a;
    private final Vec mask;
    private final Vec rightBy0And2;
    private final Vec rightBy4And6;
    private final Vec[] scaleLanes;

    Q2_KUnpacker(Listing k) {
        this.k = k;
        this.a = k.asm();
        this.mask = k.constantBytes(i -> 3);
        this.rightBy0And2 = k.constantWords(i -> i < 16 ? 0 : 2);
        this.rightBy4And6 = k.constantWords(i -> i < 16 ? 4 : 6);
        this.scaleLanes = Sixteenths.lanes(k);
    }

    @Override
    public void begin(Gpr w, int at) {
        a.vpmovzxbd(U0, at(w, at));
        a.vpsrld(U1, U0, 4);
        a.vpandd(U0, U0, k.memory(Constants.ints(i -> 15)));
        a.vcvtdq2ps(U0, U0);
        a.vcvtdq2ps(U1, U1);
        a.vpxord(U1, U1, k.memory(Constants.ints(i -> 0x80000000)));
        Sixteenths.scaleByHalf(a, w, at + D, T0, U0);
        Sixteenths.scaleByHalf(a, w, at + DMIN, T0, U1);
    }

    @Override
    public void weights(Gpr w, int at, int step, Vec q) {
        a.vbroadcasti64x4(q, at(w, at + LOW + step / 2 * 32));
        a.vpsrlvw(q, q, step % 2 == 0 ? rightBy0And2 : rightBy4And6);
        a.vpandd(q, q, mask);
    }

    @Override
    public void scales(Gpr w, int at, int step, Vec scale) {
        a.vpermps(scale, scaleLanes[step], U0);
    }

    @Override
    public void mins(Gpr w, int at, int step, Vec min) {
        a.vpermps(min, scaleLanes[step], U1);
    }
}
