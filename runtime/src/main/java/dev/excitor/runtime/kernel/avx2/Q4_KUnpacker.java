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

/// Q4_K and Q5_K: d, dmin, eight 6-bit scales and minimums in 12 bytes, for Q5_K 32 bytes of fifth bits, and 128
/// bytes of nibbles, 32 bytes for two sub-blocks of 32.
///
/// With the 12 bytes as three words u, the scales are `u0 & 63` and `u2 & 15 | (u0 >> 2) & 48`, the minimums
/// `u1 & 63` and `u2 >> 4 & 15 | (u1 >> 2) & 48`, four bytes each. U0 holds `d` times the scales, U1 `-dmin`
/// times the minimums.
final class Q4_KUnpacker implements Unpacker {

    private static final int DMIN = 2;
    private static final int SCALES = 4;
    private static final int HIGH = 16;

    private final Listing k;
    private final Assembler a;
    private final boolean five;
    private final int low;
    private final Operand mask;
    private final Operand sixteen;

    Q4_KUnpacker(Listing k, boolean five) {
        this.k = k;
        this.a = k.asm();
        this.five = five;
        this.low = five ? 48 : 16;
        this.mask = k.constant(Constants.bytes(i -> 0x0f));
        this.sixteen = five ? k.constant(Constants.bytes(i -> 16)) : mask;
    }

    @Override
    public void begin(Gpr w, int at, int step) {
        if (step > 0) {
            return;
        }
        Operand lowBits = k.memory(Constants.ints(i -> new int[] {0x3f3f3f3f, 0x0f0f0f0f}[i % 2]));
        Operand highBits = k.memory(Constants.ints(i -> new int[] {0, 0x30303030}[i % 2]));
        Operand fourthBy4 = k.memory(Constants.ints(i -> i % 4 == 3 ? 4 : 0));
        a.vmovups(T0.x(), at(w, at + SCALES));
        a.vpshufd(T1.x(), T0.x(), 0b01_01_00_00); //  -,  u0, -,  u1
        a.vpsrld(T1.x(), T1.x(), 2);
        a.vpand(T1.x(), T1.x(), highBits);
        a.vpshufd(T0.x(), T0.x(), 0b10_01_10_00); //  u0, u2, u1, u2
        a.vpsrlvd(T0.x(), T0.x(), fourthBy4);
        a.vpand(T0.x(), T0.x(), lowBits);
        a.vpor(T1.x(), T1.x(), T0.x());
        a.vpmovzxbd(U0, T1.x());
        a.vcvtdq2ps(U0, U0);
        Halves.scale(a, w, at, T0, U0);
        a.vpshufd(T1.x(), T1.x(), 0b11_10_11_10);
        a.vpmovzxbd(U1, T1.x());
        a.vcvtdq2ps(U1, U1);
        a.vpxor(U1, U1, k.memory(Constants.ints(i -> 0x80000000)));
        Halves.scale(a, w, at + DMIN, T0, U1);
    }

    @Override
    public void weights(Gpr w, int at, int step, Vec q) {
        k.maskedBits(q, at(w, at + low + step / 2 * 32), step % 2 * 4, mask);
        if (five) {
            HighBits.add(k, w, at + HIGH, step - 4, sixteen, q);
        }
    }

    @Override
    public void scales(Gpr w, int at, int step, Vec scale) {
        toAll(U0, step, scale);
    }

    @Override
    public void mins(Gpr w, int at, int step, Vec min) {
        toAll(U1, step, min);
    }

    @Override
    public Vec octetScales(Gpr w, int at, int steps, Vec scale) {
        begin(w, at, 0);
        return U0;
    }

    /// 32 bytes hold two steps, so both pairs come from the same bytes.
    @Override
    public void pairs(Gpr w, int at, int first, int steps, Vec[] q) {
        for (int half = 0; half < 2; half++) {
            int from = at + low + first / 2 * 32 + half * 16;
            a.vmovups(q[half].x(), at(w, from));
            a.vinserti128(q[half], q[half], at(w, from + Q8Octets.PAIR / 2 * 32), 1);
            a.vpsrlw(q[2 + half], q[half], 4);
            a.vpand(q[2 + half], q[2 + half], mask);
            a.vpand(q[half], q[half], mask);
        }
    }

    @Override
    public Vec octetMins(Gpr w, int at, int steps, int part, Vec min) {
        return U1;
    }

    private void toAll(Vec source, int lane, Vec target) {
        a.vmovups(target, k.memory(Constants.ints(i -> lane)));
        a.vpermps(target, target, source);
    }
}
