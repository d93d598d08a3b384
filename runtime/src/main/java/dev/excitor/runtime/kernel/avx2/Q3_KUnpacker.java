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

/// Q3_K: 32 bytes of third bits, 64 bytes of pairs of bits, sixteen 6-bit scales in 12 bytes and d.
///
/// With the 12 bytes as three words u, the low four bits of the scales are `u0`, `u1`, `u0 >> 4` and `u1 >> 4`, the
/// high two `u2`, `u2 >> 2`, `u2 >> 4` and `u2 >> 6`, four bytes each; 32 is 0. U1 holds all sixteen as bytes, U0 d
/// times those of half a block, both in the order of [Sixteenths].
final class Q3_KUnpacker implements Unpacker {

    private static final int HIGH = 0;
    private static final int LOW = 32;
    private static final int SCALES = 96;
    private static final int D = 108;

    private final Listing k;
    private final Assembler a;
    private final Operand mask;
    private final Operand four;

    Q3_KUnpacker(Listing k) {
        this.k = k;
        this.a = k.asm();
        this.mask = k.constant(Constants.bytes(i -> 3));
        this.four = k.constant(Constants.bytes(i -> 4));
    }

    @Override
    public void begin(Gpr w, int at, int step) {
        if (step == 0) {
            allScales(w, at);
            a.vpshufb(U1.x(), T1.x(), k.memory(Sixteenths.order()));
            a.vpmovsxbd(U0, U1.x());
        } else if (step == Sixteenths.STEPS) {
            a.vpshufd(T0.x(), U1.x(), 0b11_10_11_10);
            a.vpmovsxbd(U0, T0.x());
        } else {
            return;
        }
        a.vcvtdq2ps(U0, U0);
        Halves.scale(a, w, at + D, T0, U0);
    }

    /// All sixteen as bytes, in their own order, in T1.
    private void allScales(Gpr w, int at) {
        a.vmovups(T0.x(), at(w, at + SCALES - 2)); // sixteen bytes from the twelve on would leave the block
        a.vpshufb(T1.x(), T0.x(), k.memory(Constants.bytes(i -> 2 + 8 + i % 4))); //   u2, u2, u2, u2
        a.vpsrlvd(T1.x(), T1.x(), k.memory(Constants.ints(i -> 2 * i)));
        a.vpand(T1.x(), T1.x(), k.memory(Constants.bytes(i -> 3)));
        a.vpslld(T1.x(), T1.x(), 4);
        a.vpshufb(T0.x(), T0.x(), k.memory(Constants.bytes(i -> 2 + i % 8))); //       u0, u1, u0, u1
        a.vpsrlvd(T0.x(), T0.x(), k.memory(Constants.ints(i -> i < 2 ? 0 : 4)));
        a.vpand(T0.x(), T0.x(), k.memory(Constants.bytes(i -> 0x0f)));
        a.vpor(T1.x(), T1.x(), T0.x());
        a.vpsubb(T1.x(), T1.x(), k.memory(Constants.bytes(i -> 32)));
    }

    @Override
    public void weights(Gpr w, int at, int step, Vec q) {
        k.maskedBits(q, at(w, at + LOW + step / 4 * 32), 2 * (step % 4), mask);
        HighBits.add(k, w, at + HIGH, step - 2, four, q);
    }

    @Override
    public void scales(Gpr w, int at, int step, Vec scale) {
        Sixteenths.ofStep(a, step, U0, scale);
    }

    @Override
    public Vec octetScales(Gpr w, int at, int steps, Vec scale) {
        allScales(w, at);
        a.vinserti128(U0, T1, T1.x(), 1);
        Sixteenths.octetScales(k, w, at + D, scale);
        return scale;
    }

    @Override
    public void multipliers(int step, Vec words) {
        Sixteenths.multipliers(k, step, U0, words);
    }
}
