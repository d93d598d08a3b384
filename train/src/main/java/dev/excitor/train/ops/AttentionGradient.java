package dev.excitor.train.ops;

import dev.excitor.runtime.format.Blocks;
import dev.excitor.runtime.ops.Gemm;
import dev.excitor.runtime.ops.Gradients;
import dev.excitor.runtime.team.Worker;
import java.lang.foreign.MemorySegment;

/// Causal attention over whole sequences that lie end to end, and the way back through it.
///
/// ```text
/// S_ij = <q_i,h , k_j,e>    A = softmax over j <= i of S    out_i,h = sum_j A_ij v_j,g     e, g: the key and value
/// head
/// ```
///
/// of query head h. The factor of the scores is in q already. Forward keeps one number per query and head, the
/// logarithm of the sum of `e^S`; backward makes the scores of a block of queries again from it, so that no more than a
/// block of them ever exists.
///
/// ```text
/// dA_ij = <dout_i , v_j>     dS_ij = A_ij (dA_ij - <dout_i , out_i>)
/// dq_i = sum_j dS_ij k_j     dk_j = sum_i dS_ij q_i      dv_j = sum_i A_ij dout_i
/// ```
public final class AttentionGradient {

    /// Queries of a block: whole tiles of every width.
    private static final int BLOCK = 120;

    private final Gemm gemm;
    private final Gradients loops;
    private final Heads heads;

    /// @param queries  H, heads of q
    /// @param keys     heads of k, a divisor of H
    /// @param values   heads of v, a divisor of the heads of k
    /// @param keyDim   numbers of a head of q and k
    /// @param valueDim numbers of a head of v
    public record Heads(int queries, int keys, int values, int keyDim, int valueDim) {
        public Heads {
            if (queries % keys != 0 || keys % values != 0) {
                throw new IllegalArgumentException(
                        "%d heads of queries, %d of keys, %d of values".formatted(queries, keys, values));
            }
        }
    }

    public AttentionGradient(Gemm gemm, Gradients loops, Heads heads) {
        this.gemm = gemm;
        this.loops = loops;
        this.heads = heads;
    }

    /// Computes this worker's share of the output.
    ///
    /// @param q         `[n, H keyDim]`, times the factor of the scores
    /// @param k         `[n, keys keyDim]`
    /// @param v         `[n, values valueDim]`
    /// @param sequences where they begin
    /// @param out       receives `[n, H valueDim]`
    /// @param logSums   receives `[n, H]`
    public void forward(
            Worker worker,
            MemorySegment q,
            MemorySegment k,
            MemorySegment v,
            Sequences sequences,
            MemorySegment out,
            MemorySegment logSums) {
        int units = sequences.count() * heads.queries;
        for (int unit = worker.from(units, 1); unit < worker.to(units, 1); unit++) {
            int start = sequences.start(unit / heads.queries);
            int end = sequences.end(unit / heads.queries);
            int head = unit % heads.queries;
            MemorySegment scores = worker.memory(4L * BLOCK * (end - start));
            for (int first = start; first < end; first += BLOCK) {
                int rows = Math.min(BLOCK, end - first);
                int seen = first + rows - start;
                scores(worker, q, k, head, start, first, rows, seen, scores);
                for (int row = 0; row < rows; row++) {
                    long at = 4L * row * seen;
                    int own = first + row - start + 1;
                    double logSum = loops.logSumExp(scores, at, own);
                    Blocks.putF32(logSums, logSumAt(first + row, head), (float) logSum);
                    weights(scores, at, own, seen, (float) logSum);
                }
                gemm.multiply(
                        worker,
                        Gemm.View.of(scores, seen),
                        values(v, head).from(start, 0),
                        outputs(out, head).from(first, 0),
                        rows,
                        heads.valueDim,
                        seen,
                        false);
            }
        }
    }

    /// Computes this worker's share of the gradients.
    ///
    /// @param out     what forward made
    /// @param logSums what forward made
    /// @param dOut    `[n, H valueDim]`
    /// @param dq      receives `[n, H keyDim]`, with respect to q as it is here, times the factor
    /// @param dk      receives `[n, keys keyDim]`
    /// @param dv      receives `[n, values valueDim]`
    public void backward(
            Worker worker,
            MemorySegment q,
            MemorySegment k,
            MemorySegment v,
            Sequences sequences,
            MemorySegment out,
            MemorySegment logSums,
            MemorySegment dOut,
            MemorySegment dq,
            MemorySegment dk,
            MemorySegment dv) {
        int units = sequences.count() * heads.values;
        for (int unit = worker.from(units, 1); unit < worker.to(units, 1); unit++) {
            int start = sequences.start(unit / heads.values);
            int end = sequences.end(unit / heads.values);
            int group = heads.queries / heads.values;
            int valueHead = unit % heads.values;
            clear(dv, start, end, heads.values, valueHead, 1, heads.valueDim);
            int keysPerValue = heads.keys / heads.values;
            clear(dk, start, end, heads.keys, valueHead * keysPerValue, keysPerValue, heads.keyDim);
            for (int head = valueHead * group; head < (valueHead + 1) * group; head++) {
                for (int first = start; first < end; first += BLOCK) {
                    int rows = Math.min(BLOCK, end - first);
                    block(worker, q, k, v, out, logSums, dOut, dq, dk, dv, head, start, first, rows);
                }
            }
        }
    }

    private void block(
            Worker worker,
            MemorySegment q,
            MemorySegment k,
            MemorySegment v,
            MemorySegment out,
            MemorySegment logSums,
            MemorySegment dOut,
            MemorySegment dq,
            MemorySegment dk,
            MemorySegment dv,
            int head,
            int start,
            int first,
            int rows) {
        int seen = first + rows - start;
        long bytes = 4L * rows * seen;
        MemorySegment memory = worker.memory(2 * bytes);
        MemorySegment a = memory.asSlice(0, bytes);
        MemorySegment d = memory.asSlice(bytes, bytes);
        scores(worker, q, k, head, start, first, rows, seen, a);
        gemm.multiply(
                worker,
                outputs(dOut, head).from(first, 0),
                values(v, head).from(start, 0).transpose(),
                Gemm.View.of(d, seen),
                rows,
                seen,
                heads.valueDim,
                false);
        for (int row = 0; row < rows; row++) {
            long at = 4L * row * seen;
            int own = first + row - start + 1;
            weights(a, at, own, seen, Blocks.f32(logSums, logSumAt(first + row, head)));
            long output = 4L * heads.valueDim * ((long) (first + row) * heads.queries + head);
            float mean = loops.dot(dOut, output, out, output, heads.valueDim);
            loops.softmax(a, at, d, at, own, mean);
            d.asSlice(at + 4L * own, 4L * (seen - own)).fill((byte) 0);
        }
        Gemm.View weights = Gemm.View.of(a, seen);
        Gemm.View changes = Gemm.View.of(d, seen);
        gemm.multiply(
                worker,
                changes,
                keys(k, head).from(start, 0),
                queries(dq, head).from(first, 0),
                rows,
                heads.keyDim,
                seen,
                false);
        gemm.multiply(
                worker,
                changes.transpose(),
                queries(q, head).from(first, 0),
                keys(dk, head).from(start, 0),
                seen,
                heads.keyDim,
                rows,
                true);
        gemm.multiply(
                worker,
                weights.transpose(),
                outputs(dOut, head).from(first, 0),
                values(dv, head).from(start, 0),
                seen,
                heads.valueDim,
                rows,
                true);
    }

    private void scores(
            Worker worker,
            MemorySegment q,
            MemorySegment k,
            int head,
            int start,
            int first,
            int rows,
            int seen,
            MemorySegment scores) {
        gemm.multiply(
                worker,
                queries(q, head).from(first, 0),
                keys(k, head).from(start, 0).transpose(),
                Gemm.View.of(scores, seen),
                rows,
                seen,
                heads.keyDim,
                false);
    }

    /// Scores of a row to weights: 0 for what comes after its own position.
    private void weights(MemorySegment scores, long at, int own, int seen, float logSum) {
        loops.exp(scores, at, own, logSum);
        scores.asSlice(at + 4L * own, 4L * (seen - own)).fill((byte) 0);
    }

    private static void clear(MemorySegment x, int start, int end, int perRow, int firstHead, int headCount, int dim) {
        for (int row = start; row < end; row++) {
            x.asSlice(4L * dim * ((long) row * perRow + firstHead), 4L * dim * headCount)
                    .fill((byte) 0);
        }
    }

    private long logSumAt(int row, int head) {
        return 4 * ((long) row * heads.queries + head);
    }

    private Gemm.View queries(MemorySegment q, int head) {
        return Gemm.View.of(q, heads.queries * heads.keyDim).from(0, head * heads.keyDim);
    }

    private Gemm.View keys(MemorySegment k, int head) {
        int keyHead = head * heads.keys / heads.queries;
        return Gemm.View.of(k, heads.keys * heads.keyDim).from(0, keyHead * heads.keyDim);
    }

    private Gemm.View values(MemorySegment v, int head) {
        int valueHead = head * heads.values / heads.queries;
        return Gemm.View.of(v, heads.values * heads.valueDim).from(0, valueHead * heads.valueDim);
    }

    private Gemm.View outputs(MemorySegment out, int head) {
        return Gemm.View.of(out, heads.queries * heads.valueDim).from(0, head * heads.valueDim);
    }
}
