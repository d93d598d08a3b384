package dev.excitor.runtime.kernel.avx2;

import static dev.excitor.runtime.asm.Mem.at;
import static dev.excitor.runtime.kernel.avx2.Listing.T0;
import static dev.excitor.runtime.kernel.avx2.Listing.U0;

import dev.excitor.runtime.asm.Assembler;
import dev.excitor.runtime.asm.Gpr;
import dev.excitor.runtime.asm.Operand;
import dev.excitor.runtime.asm.Vec;
import dev.excitor.runtime.kernel.x86.Constants;

/// IQ4_XS: d, eight 6-bit scales (a word of high pairs, four bytes of low nibbles), and 16 bytes of nibbles for
/// each 32 weights, which stand for the levels of IQ4_NL. U0 holds d times the scales.
final class IQ4_XSUnpacker implements Unpacker {

    private static final int SCALES = 4;
    private static final int LOW = 8;

    private final Listing k;
    private final Assembler a;
    private final Vec table;
    private final Operand shift;
    private final Operand mask;

    IQ4_XSUnpacker(Listing k) {
        this.k = k;
        this.a = k.asm();
        this.table = k.register(NonLinear.table());
        this.shift = Nibbles.shift(k);
        this.mask = k.constant(Constants.bytes(i -> 0x0f));
    }

    @Override
    public void begin(Gpr w, int at, int step) {
        if (step > 0) {
            return;
        }
        a.vpbroadcastd(U0, at(w, at + SCALES));
        a.vpsrlvd(U0, U0, k.memory(Constants.ints(i -> 4 * (i % 8))));
        a.vpand(U0, U0, k.memory(Constants.ints(i -> 15)));
        a.vpbroadcastd(T0, at(w, at)); // the high pairs are the word behind d
        a.vpsrlvd(T0, T0, k.memory(Constants.ints(i -> 16 + 2 * (i % 8))));
        a.vpand(T0, T0, k.memory(Constants.ints(i -> 3)));
        a.vpslld(T0, T0, 4);
        a.vpor(U0, U0, T0);
        a.vpsubd(U0, U0, k.memory(Constants.ints(i -> 32)));
        a.vcvtdq2ps(U0, U0);
        Halves.scale(a, w, at, T0, U0);
    }

    @Override
    public void weights(Gpr w, int at, int step, Vec q) {
        Nibbles.spread(a, w, at + LOW + 16 * step, shift, mask, q);
        a.vpshufb(q, table, q);
    }

    @Override
    public void scales(Gpr w, int at, int step, Vec scale) {
        a.vmovups(scale, k.memory(Constants.ints(i -> step)));
        a.vpermps(scale, scale, U0);
    }

    @Override
    public Vec octetScales(Gpr w, int at, int steps, Vec scale) {
        begin(w, at, 0);
        return U0;
    }
}
