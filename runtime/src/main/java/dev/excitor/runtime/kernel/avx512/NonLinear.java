package dev.excitor.runtime.kernel.avx512;

import dev.excitor.runtime.format.iq4_nl.IQ4_NL;

/// The 16 values of IQ4_NL and IQ4_XS as a shuffle's table.
final class NonLinear {

    private NonLinear() {}

    /// Each value plus 128, in every 16 bytes of a register.
    static byte[] table() {
        return Constants.bytes(i -> IQ4_NL.level(i % 16) + 128);
    }
}
