package dev.excitor.runtime.kernel.avx2;

import dev.excitor.runtime.kernel.x86.Machine;

/// Decides whether tests of this folder's machine code run, see [Machine].
public final class Avx2Cpu {

    private Avx2Cpu() {}

    public static void require() {
        Machine.require(new Avx2Tier());
    }
}
