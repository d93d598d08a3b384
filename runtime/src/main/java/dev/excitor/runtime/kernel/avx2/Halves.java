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

    /// Up to eight that lie evenly apart, each in its lane, as floats; 0 in the other lanes. Each is blended in from
    /// where it is in its place of a register, so that it costs one instruction. Nothing outside `steps` times `stride`
    /// bytes is read, which are 18 or more each.
    static void gather(Assembler a, Gpr w, int at, int stride, int steps, Vec target) {
        Vec halves = target.x();
        for (int i = 0; i < steps; i++) {
            int from = at + i * (stride - Short.BYTES);
            if (i > 0) {
                a.vpblendw(halves, halves, at(w, from), 1 << i);
            } else if (steps == Q8Octets.STEPS) {
                a.vmovups(halves, at(w, from));
            } else {
                a.vpxor(halves, halves, halves);
                a.vpblendw(halves, halves, at(w, from), 1);
            }
        }
        a.vcvtph2ps(target, halves);
    }

    /// Multiplies all lanes by one of them.
    static void scale(Assembler a, Gpr w, int at, Vec temporary, Vec target) {
        load(a, w, at, temporary);
        a.vmulps(target, target, temporary);
    }
}
