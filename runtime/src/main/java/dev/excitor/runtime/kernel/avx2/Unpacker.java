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

    // For rows, which take an octet at a time: eight units of one step, fewer at the end of a row, or one unit of
    // eight. What belongs to a step is in its lane, 0 in those of steps that are not there.

    /// Instead of [#begin], perhaps behind the weights: what the sums of products of each step are multiples of.
    ///
    /// @param steps of the octet
    /// @return `scale` or a register of the unpacker's
    Vec octetScales(Gpr w, int at, int steps, Vec scale);

    /// What the sum of a step's activations is multiplied by.
    ///
    /// @param part  which eight, of steps with two minimums
    /// @return `min` or a register of the unpacker's
    default Vec octetMins(Gpr w, int at, int steps, int part, Vec min) {
        throw new UnsupportedOperationException("a symmetric format has no minimums");
    }

    /// Where rows take steps in pairs, see [Q8Octets]: `q` of two pairs, of steps `first` and `first + 1` and of those
    /// four behind them, 0 for steps that are not there.
    ///
    /// @param steps of the octet
    /// @param q     receives the first halves of the first pair, its last halves, and likewise of the second pair
    default void pairs(Gpr w, int at, int first, int steps, Vec[] q) {
        throw new UnsupportedOperationException("rows take single steps");
    }

    /// Where a step has two scales: sixteen words that the sums of each two products are multiplied by, so that one
    /// number of the step remains.
    default void multipliers(int step, Vec words) {
        throw new UnsupportedOperationException("a step has one scale");
    }
}
