package dev.excitor.runtime.kernel.avx512;

import static dev.excitor.runtime.asm.Mem.at;
import static dev.excitor.runtime.kernel.avx512.Listing.T0;
import static dev.excitor.runtime.kernel.avx512.Listing.T1;
import static dev.excitor.runtime.kernel.avx512.Listing.U0;
import static dev.excitor.runtime.kernel.avx512.Listing.U1;

import dev.excitor.runtime.asm.Assembler;
import dev.excitor.runtime.asm.Gpr;
import dev.excitor.runtime.asm.Mem;
import dev.excitor.runtime.asm.OpMask;
import dev.excitor.runtime.asm.Vec;

/// Q4_K and Q5_K: d, dmin, eight 6-bit scales and minimums in 12 bytes, for Q5_K 32 bytes of fifth bits, and 128 bytes
/// of nibbles, 32 bytes for two sub-blocks of 32.
///
/// With the 12 bytes as three words u, the scales are `u0 & 63` and `u2 & 15 | (u0 >> 2) & 48`, the minimums
/// `u1 & 63` and `u2 >> 4 & 15 | (u1 >> 2) & 48`, four bytes each. U0 holds all sixteen as floats: `d` times the
/// scales, then `-dmin` times the minimums. U1 holds the fifth bits.
final class Q4_KUnpacker implements Unpacker {

    private static final int SCALES = 4;
    private static final int HIGH = 16;

    private final Listing k;
    private final Assembler a;
    private final boolean five;
    private final int low;
    private final Vec mask;
    private final Vec shift;
    private final Vec[] scaleLanes = new Vec[4];
    private final Vec eight;

    Q4_KUnpacker(Listing k, boolean five) {
        this.k = k;
        this.a = k.asm();
        this.five = five;
        this.low = five ? 48 : 16;
        this.mask = k.constantBytes(i -> 0x0f);
        this.shift = k.constantWords(i -> i < 16 ? 0 : 4);
        for (int step = 0; step < 4; step++) {
            int first = 2 * step;
            scaleLanes[step] = k.constantInts(i -> first + i / 8);
        }
        this.eight = k.constantInts(i -> 8);
    }

    @Override
    public void begin(Gpr w, int at) {
        Mem firstHalf = k.memory(Constants.ints(i -> new int[] {0x3f3f3f3f, 0x0f0f0f0f}[i % 2]));
        Mem secondHalf = k.memory(Constants.ints(i -> new int[] {0, 0x30303030}[i % 2]));
        Mem fourthBy4 = k.memory(Constants.ints(i -> i % 4 == 3 ? 4 : 0));
        a.vmovups(T0.x(), at(w, at + SCALES));
        a.vpshufd(T1.x(), T0.x(), 0b01_01_00_00); //  -,  u0, -,  u1
        a.vpsrld(T1.x(), T1.x(), 2);
        a.vpandd(T1.x(), T1.x(), secondHalf);
        a.vpshufd(T0.x(), T0.x(), 0b10_01_10_00); //  u0, u2, u1, u2
        a.vpsrlvd(T0.x(), T0.x(), fourthBy4);
        a.vpternlogd(T1.x(), T0.x(), firstHalf, 0xf8); // T1 | T0 & firstHalf
        a.vpmovzxbd(U0, T1.x());
        a.vcvtdq2ps(U0, U0);
        Nibbles.pairOfHalves(a, w, at, 2, T0);
        a.vpxord(T0, T0, k.memory(Constants.ints(i -> i < 8 ? 0 : 0x80000000)));
        a.vmulps(U0, U0, T0);
        if (five) {
            a.vbroadcasti64x4(U1, at(w, at + HIGH));
        }
    }

    @Override
    public void weights(Gpr w, int at, int step, Vec q) {
        a.vbroadcasti64x4(q, at(w, at + low + 32 * step));
        a.vpsrlvw(q, q, shift);
        a.vpandd(q, q, mask);
        if (five) {
            a.vptestmb(OpMask.K2, U1, k.memory(Constants.bytes(i -> 1 << (2 * step + i / 32))));
            a.vpaddb(q.under(OpMask.K2), q, k.memory(Constants.bytes(i -> 16)));
        }
    }

    @Override
    public void scales(Gpr w, int at, int step, Vec scale) {
        a.vpermps(scale, scaleLanes[step], U0);
    }

    @Override
    public void mins(Gpr w, int at, int step, Vec min) {
        a.vpaddd(min, eight, scaleLanes[step]);
        a.vpermps(min, min, U0);
    }
}
