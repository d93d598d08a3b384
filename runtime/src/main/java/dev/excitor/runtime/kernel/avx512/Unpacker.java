package dev.excitor.runtime.kernel.avx512;

import dev.excitor.runtime.asm.Gpr;
import dev.excitor.runtime.asm.Vec;

/// Writes the instructions that take weights of one format out of memory, 64 at a time:
///
/// ```text
/// q      64 bytes, weight i of the step in byte i
/// scale  16 floats, lane l for the weights 4l to 4l+3
/// min    16 floats, likewise; affine formats only
///
/// weight = scale (q - 128)      symmetric formats
/// weight = scale q + min        affine ones
/// ```
///
/// Bytes are unsigned, because `vpdpbusd` multiplies unsigned weights by signed activations; whoever uses the symmetric
/// ones takes 128 times the sum of the activations off.
///
/// A unit is the smallest number of whole blocks that is a number of whole steps. An unpacker may use `T0` to `T3` as
/// it likes and keeps what belongs to a unit in `U0` and `U1`; its constants are loaded when it is made.
public interface Unpacker {

    /// Once per unit, before its steps.
    ///
    /// @param w  points near the unit
    /// @param at bytes from there to it
    default void begin(Gpr w, int at) {}

    /// `q` of one step of the unit.
    void weights(Gpr w, int at, int step, Vec q);

    void scales(Gpr w, int at, int step, Vec scale);

    default void mins(Gpr w, int at, int step, Vec min) {
        throw new UnsupportedOperationException("a symmetric format has no minimums");
    }
}
