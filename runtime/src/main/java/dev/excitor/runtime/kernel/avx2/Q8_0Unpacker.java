package dev.excitor.runtime.kernel.avx2;

import static dev.excitor.runtime.asm.Mem.at;

import dev.excitor.runtime.asm.Assembler;
import dev.excitor.runtime.asm.Gpr;
import dev.excitor.runtime.asm.Vec;

/// Q8_0: a scale and 32 signed bytes.
final class Q8_0Unpacker implements Unpacker {

    private static final int QS = 2;
    private static final int BYTES = 34;

    private final Assembler a;

    Q8_0Unpacker(Listing k) {
        this.a = k.asm();
    }

    @Override
    public void weights(Gpr w, int at, int step, Vec q) {
        a.vmovups(q, at(w, at + QS));
    }

    @Override
    public void scales(Gpr w, int at, int step, Vec scale) {
        Halves.load(a, w, at, scale);
    }

    @Override
    public Vec octetScales(Gpr w, int at, int steps, Vec scale) {
        Halves.gather(a, w, at, BYTES, steps, scale);
        return scale;
    }
}
