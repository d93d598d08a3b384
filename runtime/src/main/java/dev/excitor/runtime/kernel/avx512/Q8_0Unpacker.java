package dev.excitor.runtime.kernel.avx512;

import static dev.excitor.runtime.asm.Mem.at;

import dev.excitor.runtime.asm.Assembler;
import dev.excitor.runtime.asm.Gpr;
import dev.excitor.runtime.asm.Vec;

/// Q8_0: 34 bytes, a scale and 32 signed bytes; two blocks a step.
final class Q8_0Unpacker implements Unpacker {

    private static final int BYTES = 34;
    private static final int QS = 2;

    private final Assembler a;
    private final Vec bias;

    Q8_0Unpacker(Listing k) {
        this.a = k.asm();
        this.bias = k.constantBytes(i -> 0x80);
    }

    @Override
    public void weights(Gpr w, int at, int step, Vec q) {
        a.vmovups(q.y(), at(w, at + QS));
        a.vinserti64x4(q, q, at(w, at + BYTES + QS), 1);
        a.vpxord(q, q, bias);
    }

    @Override
    public void scales(Gpr w, int at, int step, Vec scale) {
        Nibbles.pairOfHalves(a, w, at, BYTES, scale);
    }
}
