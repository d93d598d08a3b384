package dev.excitor.runtime.kernel.avx2;

import dev.excitor.runtime.asm.Gpr;
import dev.excitor.runtime.asm.Vec;

/// Writes the instructions that take weights of one format out of memory, a step of 32 at a time:
///
/// ```text
/// q      32 bytes, weight i of the step in byte i
/// scale  8 floats, lane l for the weights 4l to 4l+3
/// min    lane g for the g-th group of weights that share one; affine formats only; other lanes
///        hold zeros or other minimums of the unit, so they are finite where the weights are
///
/// weight = scale (q - zero)     symmetric formats, see WeightCode
/// weight = scale q + min        affine ones
/// ```
///
/// A unit is a block. An unpacker may use `T0` and `T1` as it likes and keeps what belongs to a unit in `U0` and
/// `U1`; its constants are loaded when it is made. It reads nothing outside the unit.
interface Unpacker {

    /// Before each step: what several steps share is made ready at the first of them.
    ///
    /// @param w  points near the unit
    /// @param at bytes from there to it
    default void begin(Gpr w, int at, int step) {}

    /// `q` of one step of the unit.
    void weights(Gpr w, int at, int step, Vec q);

    void scales(Gpr w, int at, int step, Vec scale);

    default void mins(Gpr w, int at, int step, Vec min) {
        throw new UnsupportedOperationException("a symmetric format has no minimums");
    }
}
