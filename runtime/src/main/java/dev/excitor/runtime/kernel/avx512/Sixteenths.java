package dev.excitor.runtime.kernel.avx512;

import static dev.excitor.runtime.asm.Mem.at;

import dev.excitor.runtime.asm.Assembler;
import dev.excitor.runtime.asm.Gpr;
import dev.excitor.runtime.asm.Vec;

/// What formats with sixteen scales for 256 weights have in common.
final class Sixteenths {

    private Sixteenths() {}

    /// For each step, which of the sixteen scales each lane wants: four lanes for each.
    static Vec[] lanes(Listing k) {
        Vec[] lanes = new Vec[4];
        for (int step = 0; step < 4; step++) {
            int first = 4 * step;
            lanes[step] = k.constantInts(i -> first + i / 4);
        }
        return lanes;
    }

    /// Multiplies all lanes by a binary16 number in memory.
    static void scaleByHalf(Assembler a, Gpr w, int at, Vec temporary, Vec target) {
        a.vpbroadcastw(temporary.y(), at(w, at));
        a.vcvtph2ps(temporary, temporary.y());
        a.vmulps(target, target, temporary);
    }
}
