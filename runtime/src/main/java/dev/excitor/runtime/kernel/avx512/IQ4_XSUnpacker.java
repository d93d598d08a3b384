package dev.excitor.runtime.kernel.avx512;

import static dev.excitor.runtime.asm.Mem.at;
import static dev.excitor.runtime.kernel.avx512.Listing.T0;
import static dev.excitor.runtime.kernel.avx512.Listing.U0;

import dev.excitor.runtime.asm.Assembler;
import dev.excitor.runtime.asm.Gpr;
import dev.excitor.runtime.asm.Vec;

/// IQ4_XS: d, eight 6-bit scales (a word of high pairs, four bytes of low nibbles), and 16 bytes of nibbles for each 32
/// weights, which stand for the values of IQ4_NL. U0 holds d times the scales in its lower eight lanes.
final class IQ4_XSUnpacker implements Unpacker {

    private static final int SCALES = 4;
    private static final int LOW = 8;

    private final Listing k;
    private final Assembler a;
    private final Vec mask;
    private final Vec shift;
    private final Vec table;
    private final Vec[] scaleLanes = new Vec[4];

    IQ4_XSUnpacker(Listing k) {
        this.k = k;
        this.a = k.asm();
        this.mask = k.constantBytes(i -> 0x0f);
        this.shift = k.constantWords(i -> i / 8 % 2 == 0 ? 0 : 4);
        this.table = k.constant(NonLinear.table());
        for (int step = 0; step < 4; step++) {
            int first = 2 * step;
            scaleLanes[step] = k.constantInts(i -> first + i / 8);
        }
    }

    @Override
    public void begin(Gpr w, int at) {
        a.vpbroadcastd(U0.y(), at(w, at + SCALES));
        a.vpsrlvd(U0.y(), U0.y(), k.memory(Constants.ints(i -> 4 * (i % 8))));
        a.vpandd(U0.y(), U0.y(), k.memory(Constants.ints(i -> 15)));
        a.vpbroadcastd(T0.y(), at(w, at)); // the high pairs are the word behind d
        a.vpsrlvd(T0.y(), T0.y(), k.memory(Constants.ints(i -> 16 + 2 * (i % 8))));
        a.vpandd(T0.y(), T0.y(), k.memory(Constants.ints(i -> 3)));
        a.vpslld(T0.y(), T0.y(), 4);
        a.vpord(U0.y(), U0.y(), T0.y());
        a.vpsubd(U0.y(), U0.y(), k.memory(Constants.ints(i -> 32)));
        a.vcvtdq2ps(U0, U0);
        Sixteenths.scaleByHalf(a, w, at, T0, U0);
    }

    @Override
    public void weights(Gpr w, int at, int step, Vec q) {
        Nibbles.pairOfNibbles(a, w, at + LOW + 32 * step, 16, shift, mask, q);
        a.vpshufb(q, table, q);
    }

    @Override
    public void scales(Gpr w, int at, int step, Vec scale) {
        a.vpermps(scale, scaleLanes[step], U0);
    }
}
