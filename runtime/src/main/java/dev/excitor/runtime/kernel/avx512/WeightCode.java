package dev.excitor.runtime.kernel.avx512;

import java.util.function.Function;

/// What the kernels have to know of a format, and how its weights are unpacked.
///
/// @param format      GGUF's name
/// @param unitWeights 64 or 256: the weights of a unit, see [Unpacker]
/// @param unitBytes   their bytes
/// @param group       weights that share a scale: 32 or 16
/// @param affine      whether there are minimums
/// @param unpacker    writes its instructions into a listing
public record WeightCode(
        String format,
        int unitWeights,
        int unitBytes,
        int group,
        boolean affine,
        Function<Listing, Unpacker> unpacker) {

    /// Steps of 64 weights in a unit.
    int unitSteps() {
        return unitWeights / 64;
    }

    /// Scales of a step.
    int groupsPerStep() {
        return 64 / group;
    }
}
