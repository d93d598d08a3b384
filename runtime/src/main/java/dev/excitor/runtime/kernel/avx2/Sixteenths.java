package dev.excitor.runtime.kernel.avx2;

import dev.excitor.runtime.asm.Assembler;
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

    /// The two scales of a step, each in four lanes.
    static void ofStep(Assembler a, int step, Vec scales, Vec target) {
        a.vpshufd(target, scales, step % STEPS * 0b01_01_01_01);
    }
}
