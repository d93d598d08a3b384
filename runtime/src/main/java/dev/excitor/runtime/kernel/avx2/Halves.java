package dev.excitor.runtime.kernel.avx2;

import static dev.excitor.runtime.asm.Mem.at;

import dev.excitor.runtime.asm.Assembler;
import dev.excitor.runtime.asm.Gpr;
import dev.excitor.runtime.asm.Vec;

/// Binary16 numbers in memory.
final class Halves {

    private Halves() {}

    /// One of them as eight floats.
    static void load(Assembler a, Gpr w, int at, Vec target) {
        a.vpbroadcastw(target.x(), at(w, at));
        a.vcvtph2ps(target, target.x());
    }

    /// Multiplies all lanes by one of them.
    static void scale(Assembler a, Gpr w, int at, Vec temporary, Vec target) {
        load(a, w, at, temporary);
        a.vmulps(target, target, temporary);
    }
}
