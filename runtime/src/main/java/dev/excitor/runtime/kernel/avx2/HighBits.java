package dev.excitor.runtime.kernel.avx2;

import static dev.excitor.runtime.asm.Mem.at;
import static dev.excitor.runtime.kernel.avx2.Listing.T0;

import dev.excitor.runtime.asm.Gpr;
import dev.excitor.runtime.asm.Operand;
import dev.excitor.runtime.asm.Vec;

/// Bits of weights that lie apart from the others, in 32 bytes that several steps share.
final class HighBits {

    private HighBits() {}

    /// Adds those bits of a step to its `q`. Shifts are of words, and what crosses into a neighbour is masked.
    ///
    /// @param right bits that the bytes are shifted to the right by, to the left where it is negative
    /// @param mask  where the bits are then
    static void add(Listing k, Gpr w, int at, int right, Operand mask, Vec q) {
        k.maskedBits(T0, at(w, at), right, mask);
        k.asm().vpor(q, q, T0);
    }
}
