package dev.excitor.runtime.kernel.x86.ops;

import dev.excitor.runtime.kernel.avx2.Avx2Tier;
import dev.excitor.runtime.kernel.avx512.Avx512Tier;
import dev.excitor.runtime.kernel.x86.Machine;

/// Decides whether tests of operations for some registers run, see [Machine].
final class Cpu {

    private Cpu() {}

    static void require(Registers registers) {
        Machine.require(
                switch (registers) {
                    case YMM -> new Avx2Tier();
                    case ZMM -> new Avx512Tier();
                });
    }
}
