package dev.excitor.train.decoder;

import dev.excitor.model.arch.Dimensions;
import dev.excitor.runtime.format.Blocks;
import dev.excitor.runtime.ops.Gemm;
import dev.excitor.runtime.ops.Gradients;
import dev.excitor.runtime.ops.Ops;
import dev.excitor.runtime.team.Worker;
import dev.excitor.train.ops.Sequences;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/// How much attention an adapter moves in a layer: of the same queries and keys with and without the block's term, half
/// the sum of the differences of their weights,
///
/// ```text
/// m_i,h = 1/2 sum over j of |A_ijh - A0_ijh|          from 0 to 1
/// ```
///
/// as a mean over rows and heads.
final class AttentionShift {

    private static final int BLOCK = 120;

    private final Gemm gemm;
    private final Gradients loops;
    private final Dimensions dims;
    private final int keyHeads;
    private final double[] means;
    private double[] sums = new double[0];

    /// @param keyHeads heads of the wide keys
    AttentionShift(Ops ops, Dimensions dims, int keyHeads) {
        this.gemm = ops.gemm();
        this.loops = ops.gradients();
        this.dims = dims;
        this.keyHeads = keyHeads;
        this.means = new double[dims.layers()];
    }

    /// Says what comes; by one thread, before the team starts.
    void begin(Sequences sequences) {
        sums = new double[sequences.count() * dims.heads()];
    }

    /// The mean of every layer; 0 where there is no block.
    double[] means() {
        return means;
    }

    /// Looks at a layer; behind a barrier, and ends with one.
    ///
    /// @param q `[n, H, 2 d]`, as [ExcitorAttention] lays them out
    /// @param k `[n, keyHeads, 2 d]`
    void look(Worker worker, int layer, MemorySegment q, MemorySegment k, Sequences sequences) {
        int units = sequences.count() * dims.heads();
        for (int unit = worker.from(units, 1); unit < worker.to(units, 1); unit++) {
            int start = sequences.start(unit / dims.heads());
            int end = sequences.end(unit / dims.heads());
            sums[unit] = 0;
            for (int first = start; first < end; first += BLOCK) {
                sums[unit] += block(worker, q, k, unit % dims.heads(), start, first, Math.min(BLOCK, end - first));
            }
        }
        worker.barrier();
        if (worker.index() == 0) {
            means[layer] = Arrays.stream(sums).sum() / ((double) sequences.rows() * dims.heads());
        }
        worker.barrier();
    }

    private double block(Worker worker, MemorySegment q, MemorySegment k, int head, int start, int first, int rows) {
        int width = 2 * dims.keyDim();
        int seen = first + rows - start;
        long bytes = 4L * rows * seen;
        MemorySegment memory = worker.memory(2 * bytes);
        MemorySegment with = memory.asSlice(0, bytes);
        MemorySegment without = memory.asSlice(bytes, bytes);
        Gemm.View queries = Gemm.View.of(q, dims.heads() * width).from(first, head * width);
        int keyHead = head * keyHeads / dims.heads();
        Gemm.View keys =
                Gemm.View.of(k, keyHeads * width).from(start, keyHead * width).transpose();
        gemm.multiply(worker, queries, keys, Gemm.View.of(with, seen), rows, seen, width, false);
        gemm.multiply(worker, queries, keys, Gemm.View.of(without, seen), rows, seen, dims.keyDim(), false);
        double sum = 0;
        for (int row = 0; row < rows; row++) {
            long at = 4L * row * seen;
            int own = first + row - start + 1;
            loops.exp(with, at, own, (float) loops.logSumExp(with, at, own));
            loops.exp(without, at, own, (float) loops.logSumExp(without, at, own));
            for (int j = 0; j < own; j++) {
                sum += Math.abs((double) Blocks.f32(with, at + 4L * j) - Blocks.f32(without, at + 4L * j)) / 2;
            }
        }
        return sum;
    }
}
