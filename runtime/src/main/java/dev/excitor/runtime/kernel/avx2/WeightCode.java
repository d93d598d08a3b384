package dev.excitor.runtime.kernel.avx2;

import java.util.function.Function;

/// What the kernels have to know of a format, and how its weights are unpacked.
///
/// @param format      GGUF's name
/// @param unitWeights 32 or 256: the weights of a block
/// @param unitBytes   its bytes
/// @param group       weights that share a scale: 32 or 16
/// @param bits        of `q`, see [Unpacker]: unsigned up to 6, signed at 8
/// @param affine      whether there are minimums
/// @param unpacker    writes its instructions into a listing
record WeightCode(
        String format,
        int unitWeights,
        int unitBytes,
        int group,
        int bits,
        boolean affine,
        Function<Listing, Unpacker> unpacker) {

    /// Steps of 32 weights in a unit.
    int unitSteps() {
        return unitWeights / 32;
    }

    /// Scales of a step.
    int groupsPerStep() {
        return 32 / group;
    }

    /// Whether `q` is a signed byte.
    boolean signed() {
        return bits == 8;
    }

    /// The `q` that means 0: the middle of the unsigned ones of symmetric formats.
    int zero() {
        return middle() == 0 ? 0 : 1 << middle();
    }

    /// The activations that its rows meet. Where a word holds the sum of sixteen products, half a step's, rows take
    /// steps in pairs: `16 * 15 * 127 = 30,480`.
    Q8Octets octets() {
        return new Q8Octets(middle(), bits <= 4 && group == 32);
    }

    /// The power of two of that; 0 where there is none.
    int middle() {
        return affine || signed() ? 0 : bits - 1;
    }
}
