package dev.excitor.train.adapter;

import dev.excitor.model.adapter.ExcitorConfig;
import dev.excitor.runtime.format.Blocks;
import dev.excitor.runtime.ops.Gemm;
import dev.excitor.runtime.ops.Gradients;
import dev.excitor.runtime.ops.Ops;
import dev.excitor.runtime.team.Worker;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/// The block of LLaMA-Excitor in training, from hidden states to extra keys,
///
/// ```text
/// z = W_down x      e = W_up z      a = softmax over K of s_e <e_m , P_k,m>      k' = sum over k of a_k P_k
/// ```
///
/// and back from the gradient of k' to those of its parameters and of x (M heads m of the inner softmax, D = E / M
/// numbers each):
///
/// ```text
/// da_k   = <dk' , P_k>                       dP_k += a_k dk'              P as value
/// de'_k  = a_k (da_k - sum a da)
/// de     = s_e sum_k de'_k P_k               dP_k += s_e de'_k e          P as key
/// dW_up  = de z^T      dz = W_up^T de        dW_down = dz x^T             dx += W_down^T dz
/// ```
public final class ExcitorGradient {

    /// Rows and columns that are dealt to workers together: whole tiles, whole strips.
    private static final int ROW_GRAIN = 12;

    private static final int COL_GRAIN = 32;

    private final ExcitorParameters parameters;
    private final ExcitorConfig config;
    private final Gemm gemm;
    private final Gradients loops;
    private final int width;
    private final int rank;
    private final int extra;
    private final int prompts;
    private final int heads;
    private final int dim;

    private final MemorySegment z;
    private final MemorySegment e;
    private final MemorySegment a;
    private final MemorySegment keys;
    private final MemorySegment dKeys;
    private final MemorySegment dA;
    private final MemorySegment dE;
    private final MemorySegment dZ;

    /// @param capacity most rows of a pass
    public ExcitorGradient(Arena arena, ExcitorParameters parameters, Ops ops, int capacity) {
        this.parameters = parameters;
        this.config = parameters.config();
        this.gemm = ops.gemm();
        this.loops = ops.gradients();
        this.width = config.base().width();
        this.rank = config.rank();
        this.extra = config.extraWidth();
        this.prompts = config.promptLength();
        this.heads = config.innerHeadCount();
        this.dim = extra / heads;
        this.z = arena.allocate(4L * capacity * rank, 64);
        this.e = arena.allocate(4L * capacity * extra, 64);
        this.a = arena.allocate(4L * capacity * heads * prompts, 64);
        this.keys = arena.allocate(4L * capacity * extra, 64);
        this.dKeys = arena.allocate(4L * capacity * extra, 64);
        this.dA = arena.allocate(4L * capacity * heads * prompts, 64);
        this.dE = arena.allocate(4L * capacity * extra, 64);
        this.dZ = arena.allocate(4L * capacity * rank, 64);
    }

    /// Bytes of working memory.
    public static long bytes(ExcitorConfig config, int capacity) {
        long perRow =
                2L * config.rank() + 4L * config.extraWidth() + 2L * config.innerHeadCount() * config.promptLength();
        return Float.BYTES * perRow * capacity;
    }

    /// k', `[n, E]`, unrotated.
    public MemorySegment keys() {
        return keys;
    }

    /// Room for the gradient with respect to k', `[n, E]`.
    public MemorySegment dKeys() {
        return dKeys;
    }

    /// Makes the extra keys of this worker's share of the rows.
    ///
    /// @param x `[n, C]`
    public void forward(Worker worker, int layer, MemorySegment x, int n) {
        ExcitorParameters.Block block = parameters.block(layer);
        int from = worker.from(n, ROW_GRAIN);
        int rows = worker.to(n, ROW_GRAIN) - from;
        Gemm.View hidden = view(z, rank, from);
        gemm.multiply(worker, view(x, width, from), part(block.down()).transpose(), hidden, rows, rank, width, false);
        Gemm.View query = view(e, extra, from);
        gemm.multiply(worker, hidden, part(block.up()).transpose(), query, rows, extra, rank, false);
        float scale = config.effectiveInnerScale();
        for (int m = 0; m < heads; m++) {
            Gemm.View prompt = part(block.prompt()).from(0, m * dim);
            Gemm.View scores = view(a, heads * prompts, from).from(0, m * prompts);
            gemm.multiply(worker, query.from(0, m * dim), prompt.transpose(), scores, rows, prompts, dim, false);
            for (int row = from; row < from + rows; row++) {
                softmax(weightsAt(row, m), scale);
            }
            gemm.multiply(worker, scores, prompt, view(keys, extra, from).from(0, m * dim), rows, dim, prompts, false);
        }
    }

    private void softmax(long at, float scale) {
        for (int k = 0; k < prompts; k++) {
            Blocks.putF32(a, at + 4L * k, scale * Blocks.f32(a, at + 4L * k));
        }
        loops.exp(a, at, prompts, (float) loops.logSumExp(a, at, prompts));
    }

    /// From the gradient in [#dKeys] to those of the parameters, which are added up, and of x, which is added to dx.
    /// Everything that forward made for this layer must still be there. Contains a barrier.
    ///
    /// @param x  `[n, C]`, what forward received
    /// @param dx `[n, C]`; not touched where `intoX` is false
    public void backward(Worker worker, int layer, MemorySegment x, int n, MemorySegment dx, boolean intoX) {
        ExcitorParameters.Block block = parameters.block(layer);
        rows(worker, block, n, dx, intoX);
        worker.barrier();
        MemorySegment gradients = parameters.gradients();
        int blocksPerHead = (dim + COL_GRAIN - 1) / COL_GRAIN;
        int units = heads * blocksPerHead;
        for (int unit = worker.from(units, 1); unit < worker.to(units, 1); unit++) {
            prompts(worker, block, n, unit / blocksPerHead, unit % blocksPerHead * COL_GRAIN);
        }
        int up = worker.from(extra, ROW_GRAIN);
        gemm.multiply(
                worker,
                view(dE, extra, 0).transpose().from(up, 0),
                view(z, rank, 0),
                new Gemm.View(gradients, block.up().byteAt(), rank, false).from(up, 0),
                worker.to(extra, ROW_GRAIN) - up,
                rank,
                n,
                true);
        int down = worker.from(width, COL_GRAIN);
        gemm.multiply(
                worker,
                view(dZ, rank, 0).transpose(),
                view(x, width, 0).from(0, down),
                new Gemm.View(gradients, block.down().byteAt(), width, false).from(0, down),
                rank,
                worker.to(width, COL_GRAIN) - down,
                n,
                true);
    }

    /// What each row has for itself: da, de', de, dz, dx.
    private void rows(Worker worker, ExcitorParameters.Block block, int n, MemorySegment dx, boolean intoX) {
        int from = worker.from(n, ROW_GRAIN);
        int rows = worker.to(n, ROW_GRAIN) - from;
        float scale = config.effectiveInnerScale();
        Gemm.View dQuery = view(dE, extra, from);
        for (int m = 0; m < heads; m++) {
            Gemm.View prompt = part(block.prompt()).from(0, m * dim);
            Gemm.View dScores = view(dA, heads * prompts, from).from(0, m * prompts);
            Gemm.View dKey = view(dKeys, extra, from).from(0, m * dim);
            gemm.multiply(worker, dKey, prompt.transpose(), dScores, rows, prompts, dim, false);
            for (int row = from; row < from + rows; row++) {
                long at = weightsAt(row, m);
                float mean = loops.dot(a, at, dA, at, prompts);
                loops.softmax(a, at, dA, at, prompts, mean);
                for (int k = 0; k < prompts; k++) {
                    Blocks.putF32(dA, at + 4L * k, scale * Blocks.f32(dA, at + 4L * k));
                }
            }
            gemm.multiply(worker, dScores, prompt, dQuery.from(0, m * dim), rows, dim, prompts, false);
        }
        Gemm.View dHidden = view(dZ, rank, from);
        gemm.multiply(worker, dQuery, part(block.up()), dHidden, rows, rank, extra, false);
        if (intoX) {
            gemm.multiply(worker, dHidden, part(block.down()), view(dx, width, from), rows, width, rank, true);
        }
    }

    /// dP of some channels of one head, as value and as key.
    private void prompts(Worker worker, ExcitorParameters.Block block, int n, int m, int channel) {
        int cols = Math.min(COL_GRAIN, dim - channel);
        int col = m * dim + channel;
        Gemm.View target = new Gemm.View(parameters.gradients(), block.prompt().byteAt(), extra, false).from(0, col);
        Gemm.View weights = view(a, heads * prompts, 0).from(0, m * prompts).transpose();
        Gemm.View dScores = view(dA, heads * prompts, 0).from(0, m * prompts).transpose();
        gemm.multiply(worker, weights, view(dKeys, extra, 0).from(0, col), target, prompts, cols, n, true);
        gemm.multiply(worker, dScores, view(e, extra, 0).from(0, col), target, prompts, cols, n, true);
    }

    private long weightsAt(int row, int m) {
        return 4L * prompts * ((long) row * heads + m);
    }

    private Gemm.View part(ExcitorParameters.Part part) {
        return new Gemm.View(parameters.values(), part.byteAt(), part.cols(), false);
    }

    private static Gemm.View view(MemorySegment data, int stride, int row) {
        return Gemm.View.of(data, stride).from(row, 0);
    }
}
