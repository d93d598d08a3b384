package dev.excitor.runtime.kernel.avx2;

import dev.excitor.runtime.asm.Assembler;
import dev.excitor.runtime.asm.Gpr;
import dev.excitor.runtime.asm.Mem;
import dev.excitor.runtime.asm.Vec;
import dev.excitor.runtime.kernel.x86.Constants;

/// What formats with sixteen scales for 256 weights have in common: the eight scales of half a block lie in a
/// register, the even ones below the odd ones, so that the two of a step are at the same place of both halves.
///
/// ```text
///  lane  0    1    2    3    4    5    6    7
///       +----+----+----+----+----+----+----+----+
///       | s0 | s2 | s4 | s6 | s1 | s3 | s5 | s7 |    step g: s(2g) for its first 16 weights
///       +----+----+----+----+----+----+----+----+            s(2g + 1) for its last
/// ```
final class Sixteenths {

    /// Steps that the scales of a register serve.
    static final int STEPS = 4;

    private Sixteenths() {}

    /// A shuffle's table that puts the even ones of every eight bytes before the odd ones.
    static byte[] order() {
        return Constants.bytes(i -> i / 8 * 8 + i % 4 * 2 + i / 4 % 2);
    }

    /// What the products of an octet's steps are multiples of once they have met [#multipliers]: d in every lane,
    /// smaller by what those are too large.
    static void octetScales(Listing k, Gpr w, int d, Vec scale) {
        Halves.load(k.asm(), w, d, scale);
        k.asm().vmulps(scale, scale, k.memory(Constants.floats(0x1p-8f)));
    }

    /// The two scales of a step as words, each in eight lanes, 256 times as large: a signed byte that becomes the upper
    /// one of a word keeps its sign. The words that meet them are at most `2 * 32 * 127` in magnitude, two products of
    /// those `2^29`, and a step's sum in one lane is a multiple of 256 that a float holds.
    ///
    /// @param scales sixteen bytes, in both halves
    static void multipliers(Listing k, int step, Vec scales, Vec words) {
        Mem upper = k.memory(Constants.bytes(i -> i % 2 == 0 ? 0x80 : 2 * step + i % 32 / 16));
        k.asm().vpshufb(words, scales, upper);
    }

    /// The two scales of a step, each in four lanes.
    static void ofStep(Assembler a, int step, Vec scales, Vec target) {
        a.vpshufd(target, scales, step % STEPS * 0b01_01_01_01);
    }
}
