package dev.excitor.runtime.kernel.avx512;

import dev.excitor.runtime.kernel.x86.Machine;

/// Decides whether tests of this folder's machine code run, see [Machine].
public final class Avx512Cpu {

    private Avx512Cpu() {}

    public static void require() {
        Machine.require(new Avx512Tier());
    }
}
