package dev.excitor.runtime.ops;

import static java.lang.Math.abs;

import dev.excitor.runtime.team.Team;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Random;
import java.util.function.IntPredicate;

/// An operation on rows of numbers, as [RowOpContractTest] sees it. **To cover a new one, add it to [#ALL].**
///
/// @param component of [Ops] it is
/// @param variant   how it is used here
/// @param matrices  inputs `[n, width]`
/// @param vectors   inputs `[width]`, which come after the matrices and lie at odd addresses
/// @param inPlace   the matrix that is the output too, or -1
/// @param widths    which widths it has a meaning for
/// @param use       how to call it
/// @param bound     how far a result may be from the definition's
record RowOp(
        String component,
        String variant,
        int matrices,
        int vectors,
        int inPlace,
        IntPredicate widths,
        Use use,
        Bound bound) {

    /// 2^-23, the distance of two floats in relation to their size.
    private static final double EPS = Math.ulp(1f);

    /// What becomes 0 where e^x would be below the normal floats.
    private static final double FLUSHED = 1.8e-38;

    private static final float EPSILON = 1e-5f;

    static final List<RowOp> ALL = List.of(
            new RowOp("rmsNorm", "", 1, 1, -1, w -> w >= 1, RowOp::rmsNorm, RowOp::rmsNormBound),
            new RowOp("rmsNorm", "in place", 1, 1, 0, w -> w >= 1, RowOp::rmsNorm, RowOp::rmsNormBound),
            new RowOp("softmax", "in place", 1, 0, 0, w -> w >= 1, RowOp::softmax, RowOp::softmaxBound),
            new RowOp("swiGlu", "", 2, 0, -1, w -> w >= 1, RowOp::swiGlu, RowOp::swiGluBound),
            new RowOp("swiGlu", "over the gate", 2, 0, 0, w -> w >= 1, RowOp::swiGlu, RowOp::swiGluBound),
            new RowOp("swiGlu", "over up", 2, 0, 1, w -> w >= 1, RowOp::swiGlu, RowOp::swiGluBound),
            new RowOp("add", "in place", 2, 0, 0, w -> w >= 1, RowOp::add, RowOp::exact),
            new RowOp("rope", "one head", 1, 0, 0, w -> w >= 2, rope(1, 1), RowOp::exact),
            new RowOp("rope", "three heads", 1, 0, 0, w -> w >= 6 && w % 3 == 0, rope(3, 1), RowOp::exact),
            new RowOp("rope", "half of each head", 1, 0, 0, w -> w >= 8 && w % 2 == 0, rope(2, 2), RowOp::exact));

    /// Makes the task that a team runs.
    @FunctionalInterface
    interface Use {
        Team.Task task(Ops ops, Arena arena, MemorySegment[] in, MemorySegment out, int n, int width);
    }

    /// The largest error of number `i` of a row; 0 for equality bit for bit.
    @FunctionalInterface
    interface Bound {
        double of(float[][] in, int row, int width, int i, float expected);
    }

    /// Inputs of one kind.
    float[][] inputs(Random random, Values values, int n, int width) {
        float[][] in = new float[matrices + vectors][];
        for (int i = 0; i < in.length; i++) {
            in[i] = values.array(random, i < matrices ? n * width : width);
        }
        return in;
    }

    /// What the first `n` rows of these inputs become.
    float[] run(Ops ops, Team team, float[][] in, int n, int width) {
        try (Arena arena = Arena.ofShared()) {
            int count = n * width;
            MemorySegment out = Buffers.output(arena, count);
            MemorySegment[] segments = new MemorySegment[in.length];
            for (int i = 0; i < in.length; i++) {
                if (i == inPlace) {
                    out.asSlice(0, 4L * count)
                            .copyFrom(MemorySegment.ofArray(in[i]).asSlice(0, 4L * count));
                    segments[i] = out;
                } else if (i < matrices) {
                    segments[i] = Buffers.input(arena, in[i]);
                } else {
                    segments[i] = Buffers.unaligned(arena, in[i]);
                }
            }
            team.run(use.task(ops, arena, segments, out, n, width));
            return Buffers.read(out, count);
        }
    }

    private static double exact(float[][] in, int row, int width, int i, float expected) {
        return 0;
    }

    private static Team.Task rmsNorm(Ops ops, Arena arena, MemorySegment[] in, MemorySegment out, int n, int width) {
        return worker -> ops.rmsNorm().apply(worker, in[0], in[1], EPSILON, out, n, width);
    }

    /// A sum of squares, a root and two products; what lies below the floats is lost before the weight comes.
    private static double rmsNormBound(float[][] in, int row, int width, int i, float expected) {
        return (width + 8) * EPS * abs(expected) + 2 * Float.MIN_VALUE * (1 + abs((double) in[1][i]));
    }

    private static Team.Task softmax(Ops ops, Arena arena, MemorySegment[] in, MemorySegment out, int n, int width) {
        return worker -> ops.softmax().apply(worker, out, n, width);
    }

    /// A sum, and the distance to the maximum, whose rounding e^x turns into a relative error.
    private static double softmaxBound(float[][] in, int row, int width, int i, float expected) {
        float max = Float.NEGATIVE_INFINITY;
        for (int j = 0; j < width; j++) {
            max = Math.max(max, in[0][row * width + j]);
        }
        double distance = Math.min(200, max - (double) in[0][row * width + i]);
        return (width + 8 + distance) * EPS * expected + FLUSHED;
    }

    private static Team.Task swiGlu(Ops ops, Arena arena, MemorySegment[] in, MemorySegment out, int n, int width) {
        return worker -> ops.swiGlu().apply(worker, in[0], in[1], out, n, width);
    }

    /// A few roundings; and silu is 0 where e^-x is no float any more, which it would reach at 2.4e-37.
    private static double swiGluBound(float[][] in, int row, int width, int i, float expected) {
        return 8 * EPS * abs(expected) + 2.5e-37 * abs((double) in[1][row * width + i]) + Float.MIN_VALUE;
    }

    private static Team.Task add(Ops ops, Arena arena, MemorySegment[] in, MemorySegment out, int n, int width) {
        return worker -> ops.add().apply(worker, out, in[1], n, width);
    }

    /// Rotates `1 / part` of each head, at positions from 61 on.
    private static Use rope(int heads, int part) {
        return (ops, arena, in, out, n, width) -> {
            int headDim = width / heads;
            RopeFrequencies frequencies =
                    new RopeFrequencies(headDim / part / 2 * 2, 10_000f, new float[0], new RopeFrequencies.NoScaling());
            RopeTable table = new RopeTable(arena, frequencies, n);
            return worker -> {
                table.fill(worker, 61, n);
                worker.barrier();
                ops.rope().apply(worker, out, n, heads, headDim, table);
            };
        };
    }

    @Override
    public String toString() {
        return (component + " " + variant).strip();
    }
}
