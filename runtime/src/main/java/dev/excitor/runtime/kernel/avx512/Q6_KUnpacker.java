package dev.excitor.runtime.kernel.avx512;

import static dev.excitor.runtime.asm.Mem.at;
import static dev.excitor.runtime.kernel.avx512.Listing.T0;
import static dev.excitor.runtime.kernel.avx512.Listing.T1;
import static dev.excitor.runtime.kernel.avx512.Listing.U0;
import static dev.excitor.runtime.kernel.avx512.Listing.U1;

import dev.excitor.runtime.asm.Assembler;
import dev.excitor.runtime.asm.Gpr;
import dev.excitor.runtime.asm.Vec;

/// Q6_K: 128 bytes of low nibbles, 64 bytes of high pairs of bits, 16 signed scales and d.
///
/// Each half of 128 weights is two steps of 64: low nibbles of its 64 bytes, then the high ones. The 32 bytes of high
/// bits serve all of them, two bits further for each 32 weights. U0 holds d times the scales, U1 the half's high bits.
final class Q6_KUnpacker implements Unpacker {

    private static final int HIGH = 128;
    private static final int SCALES = 192;
    private static final int D = 208;

    private final Assembler a;
    private final Vec lowMask;
    private final Vec highMask;
    private final Vec leftBy4And2;
    private final Vec rightBy0And2;
    private final Vec bias;
    private final Vec[] scaleLanes;

    Q6_KUnpacker(Listing k) {
        this.a = k.asm();
        this.lowMask = k.constantBytes(i -> 0x0f);
        this.highMask = k.constantBytes(i -> 0x30);
        this.leftBy4And2 = k.constantWords(i -> i < 16 ? 4 : 2);
        this.rightBy0And2 = k.constantWords(i -> i < 16 ? 0 : 2);
        this.bias = k.constantBytes(i -> 128 - 32);
        this.scaleLanes = Sixteenths.lanes(k);
    }

    @Override
    public void begin(Gpr w, int at) {
        a.vpmovsxbd(U0, at(w, at + SCALES));
        a.vcvtdq2ps(U0, U0);
        Sixteenths.scaleByHalf(a, w, at + D, T0, U0);
    }

    @Override
    public void weights(Gpr w, int at, int step, Vec q) {
        boolean first = step % 2 == 0;
        a.vmovups(q, at(w, at + step / 2 * 64));
        if (first) {
            a.vbroadcasti64x4(U1, at(w, at + HIGH + step / 2 * 32));
            a.vpsllvw(T1, U1, leftBy4And2);
        } else {
            a.vpsrlw(q, q, 4);
            a.vpsrlvw(T1, U1, rightBy0And2);
        }
        a.vpandd(q, q, lowMask);
        a.vpternlogd(q, T1, highMask, 0xf8); // q | T1 & highMask
        a.vpaddb(q, q, bias);
    }

    @Override
    public void scales(Gpr w, int at, int step, Vec scale) {
        a.vpermps(scale, scaleLanes[step], U0);
    }
}
