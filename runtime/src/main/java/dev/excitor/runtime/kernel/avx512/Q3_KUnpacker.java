package dev.excitor.runtime.kernel.avx512;

import static dev.excitor.runtime.asm.Mem.at;
import static dev.excitor.runtime.kernel.avx512.Listing.T0;
import static dev.excitor.runtime.kernel.avx512.Listing.T1;
import static dev.excitor.runtime.kernel.avx512.Listing.U0;
import static dev.excitor.runtime.kernel.avx512.Listing.U1;

import dev.excitor.runtime.asm.Assembler;
import dev.excitor.runtime.asm.Gpr;
import dev.excitor.runtime.asm.OpMask;
import dev.excitor.runtime.asm.Vec;

/// Q3_K: 32 bytes of third bits, 64 bytes of pairs of bits, sixteen 6-bit scales in 12 bytes and d.
///
/// With the 12 bytes as three words u, the scales are `u0 & 15 | (u2 << 4) & 48`, `u1 & 15 | (u2 << 2) & 48`,
/// `(u0 >> 4) & 15 | u2 & 48` and `(u1 >> 4) & 15 | (u2 >> 2) & 48`, four bytes each, less 32. U0 holds d times the
/// scales, U1 the third bits; without its third bit a weight is 4 less.
final class Q3_KUnpacker implements Unpacker {

    private static final int LOW = 32;
    private static final int SCALES = 96;
    private static final int D = 108;

    private final Listing k;
    private final Assembler a;
    private final Vec mask;
    private final Vec rightBy0And2;
    private final Vec rightBy4And6;
    private final Vec bias;
    private final Vec four;
    private final Vec[] scaleLanes;

    Q3_KUnpacker(Listing k) {
        this.k = k;
        this.a = k.asm();
        this.mask = k.constantBytes(i -> 3);
        this.rightBy0And2 = k.constantWords(i -> i < 16 ? 0 : 2);
        this.rightBy4And6 = k.constantWords(i -> i < 16 ? 4 : 6);
        this.bias = k.constantBytes(i -> 128 - 4);
        this.four = k.constantBytes(i -> 4);
        this.scaleLanes = Sixteenths.lanes(k);
    }

    @Override
    public void begin(Gpr w, int at) {
        a.vmovups(T0.x(), at(w, at + SCALES - 2)); // sixteen bytes from the twelve on would leave the block
        a.vpshufb(T1.x(), T0.x(), k.memory(Constants.bytes(i -> 2 + 8 + i % 4))); //           u2, u2, u2, u2
        a.vprolvd(T1.x(), T1.x(), k.memory(Constants.ints(i -> new int[] {4, 2, 0, 30}[i % 4])));
        a.vpandd(T1.x(), T1.x(), k.memory(Constants.bytes(i -> 0x30)));
        a.vpshufb(T0.x(), T0.x(), k.memory(Constants.bytes(i -> 2 + i % 8))); //               u0, u1, u0, u1
        a.vpsrlvd(T0.x(), T0.x(), k.memory(Constants.ints(i -> i % 4 < 2 ? 0 : 4)));
        a.vpternlogd(T1.x(), T0.x(), k.memory(Constants.bytes(i -> 0x0f)), 0xf8); // T1 | T0 & 15
        a.vpmovzxbd(U0, T1.x());
        a.vpsubd(U0, U0, k.memory(Constants.ints(i -> 32)));
        a.vcvtdq2ps(U0, U0);
        Sixteenths.scaleByHalf(a, w, at + D, T0, U0);
        a.vbroadcasti64x4(U1, at(w, at));
    }

    @Override
    public void weights(Gpr w, int at, int step, Vec q) {
        a.vbroadcasti64x4(q, at(w, at + LOW + step / 2 * 32));
        a.vpsrlvw(q, q, step % 2 == 0 ? rightBy0And2 : rightBy4And6);
        a.vpandd(q, q, mask);
        a.vptestmb(OpMask.K2, U1, k.memory(Constants.bytes(i -> 1 << (2 * step + i / 32))));
        a.vpaddb(q, q, bias);
        a.vpaddb(q.under(OpMask.K2), q, four);
    }

    @Override
    public void scales(Gpr w, int at, int step, Vec scale) {
        a.vpermps(scale, scaleLanes[step], U0);
    }
}
