package dev.excitor.runtime.kernel.avx2;

import dev.excitor.runtime.kernel.x86.FloatContract;

/// [FloatContract] with registers of 256 bits.
class FloatProductTest extends FloatContract {

    FloatProductTest() {
        super(new Avx2Tier(), 32);
    }
}
