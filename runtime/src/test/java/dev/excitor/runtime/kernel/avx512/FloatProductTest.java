package dev.excitor.runtime.kernel.avx512;

import dev.excitor.runtime.kernel.x86.FloatContract;

/// [FloatContract] with registers of 512 bits.
class FloatProductTest extends FloatContract {

    FloatProductTest() {
        super(new Avx512Tier(), 64);
    }
}
