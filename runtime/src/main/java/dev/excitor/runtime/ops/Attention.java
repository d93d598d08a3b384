package dev.excitor.runtime.ops;

import static dev.excitor.runtime.kv.KvLayout.PAGE;
import static dev.excitor.runtime.kv.KvLayout.TILE;

import dev.excitor.runtime.format.Blocks;
import dev.excitor.runtime.kv.KvCache;
import dev.excitor.runtime.kv.KvLayout;
import dev.excitor.runtime.team.Worker;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/// Causal scaled dot product attention with grouped queries: for query i at position `p = first + i` and query head h,
/// with kv head `g = h * kvHeads / heads`,
///
/// ```text
/// s_j = scale <q_i,h , k_j,g>        a = softmax of s over the positions j <= p        out_i,h = sum over j of a_j
/// v_j,g
/// ```
///
/// Keys and values of all positions up to `first + n - 1` have been stored, and a barrier passed, before. Nothing of a
/// later position has any influence on an earlier one.
public interface Attention {

    /// Scratch for the attention of one session, made for this form; see [AttentionWorkspace].
    default AttentionWorkspace workspace(Arena arena, KvLayout layout, int heads, int capacity, int workers) {
        return new AttentionWorkspace(arena, layout, heads, capacity, workers);
    }

    /// Stores this worker's share of keys and values, bit for bit as [KvCache#store] does, which is the definition.
    default void store(
            Worker worker,
            KvCache kv,
            int layer,
            MemorySegment keys,
            MemorySegment values,
            int n,
            AttentionWorkspace workspace) {
        kv.store(worker, layer, keys, values, n);
    }

    /// Computes this worker's share of the output; every member of the team must call it, since it may contain a
    /// barrier.
    ///
    /// @param q         f32 `[n, heads * keyDim]`, rotated
    /// @param first     the position of the first query
    /// @param out       receives f32 `[n, heads * valueDim]`
    /// @param workspace of this form, which says how many heads there are
    void apply(
            Worker worker,
            MemorySegment q,
            KvCache kv,
            int layer,
            int first,
            int n,
            float scale,
            MemorySegment out,
            AttentionWorkspace workspace);

    /// The same with a second term in each score, from the extra vectors c of the layer,
    /// `s_j = scale <q_i,h , k_j,g> + <b_i,h , c_j,e>` with `e = h * extraHeads / heads`.
    ///
    /// @param b f32 `[n, heads * width]`, gate and scale included
    void applyWithExtra(
            Worker worker,
            MemorySegment q,
            MemorySegment b,
            KvCache kv,
            int layer,
            int first,
            int n,
            float scale,
            MemorySegment out,
            AttentionWorkspace workspace);

    /// The definition: dot products, exponentials and sums in double.
    final class Scalar implements Attention {
        public Scalar() {}

        @Override
        public void apply(
                Worker worker,
                MemorySegment q,
                KvCache kv,
                int layer,
                int first,
                int n,
                float scale,
                MemorySegment out,
                AttentionWorkspace workspace) {
            KvLayout layout = kv.layout();
            int heads = workspace.heads();
            double[] scores = workspace.block(worker).doubles(kv.capacity());
            for (int unit = worker.from(n * heads, 1); unit < worker.to(n * heads, 1); unit++) {
                int limit = first + unit / heads + 1;
                int kvHead = unit % heads * layout.kvHeads() / heads;
                Arrays.fill(scores, 0, limit, 0);
                addKeyScores(scores, q, 4L * unit * layout.keyDim(), kv, layer, kvHead, limit, scale);
                softmax(scores, limit);
                sumValues(scores, kv, layer, kvHead, limit, out, 4L * unit * layout.valueDim());
            }
        }

        @Override
        public void applyWithExtra(
                Worker worker,
                MemorySegment q,
                MemorySegment b,
                KvCache kv,
                int layer,
                int first,
                int n,
                float scale,
                MemorySegment out,
                AttentionWorkspace workspace) {
            KvLayout layout = kv.layout();
            int heads = workspace.heads();
            double[] scores = workspace.block(worker).doubles(kv.capacity());
            for (int unit = worker.from(n * heads, 1); unit < worker.to(n * heads, 1); unit++) {
                int limit = first + unit / heads + 1;
                int kvHead = unit % heads * layout.kvHeads() / heads;
                int extraHead = unit % heads * layout.extra().heads() / heads;
                Arrays.fill(scores, 0, limit, 0);
                addKeyScores(scores, q, 4L * unit * layout.keyDim(), kv, layer, kvHead, limit, scale);
                addExtraScores(scores, b, 4L * unit * layout.extra().width(), kv, layer, extraHead, limit);
                softmax(scores, limit);
                sumValues(scores, kv, layer, kvHead, limit, out, 4L * unit * layout.valueDim());
            }
        }

        private static void addKeyScores(
                double[] scores, MemorySegment q, long at, KvCache kv, int layer, int head, int limit, float scale) {
            KvLayout layout = kv.layout();
            int width = layout.keyDim();
            int bytes = layout.type().bytes();
            for (int j = 0; j < limit; j++) {
                MemorySegment page = kv.page(j / PAGE);
                long key = layout.keyOffset(layer, head) + bytes * KvLayout.tiled(j, width);
                double sum = 0;
                for (int i = 0; i < width; i++) {
                    sum += (double) Blocks.f32(q, at + 4L * i)
                            * number(layout.type(), page, key + (long) bytes * TILE * i);
                }
                scores[j] += scale * sum;
            }
        }

        private static void addExtraScores(
                double[] scores, MemorySegment b, long at, KvCache kv, int layer, int head, int limit) {
            KvLayout layout = kv.layout();
            int width = layout.extra().width();
            long base = layout.extraOffset(kv.extraSlot(layer), head);
            for (int j = 0; j < limit; j++) {
                MemorySegment page = kv.page(j / PAGE);
                long extra = base + Float.BYTES * KvLayout.tiled(j, width);
                double sum = 0;
                for (int i = 0; i < width; i++) {
                    sum += (double) Blocks.f32(b, at + 4L * i) * Blocks.f32(page, extra + 4L * TILE * i);
                }
                scores[j] += sum;
            }
        }

        private static void softmax(double[] scores, int count) {
            double max = Double.NEGATIVE_INFINITY;
            for (int j = 0; j < count; j++) {
                max = Math.max(max, scores[j]);
            }
            double sum = 0;
            for (int j = 0; j < count; j++) {
                scores[j] = Math.exp(scores[j] - max);
                sum += scores[j];
            }
            for (int j = 0; j < count; j++) {
                scores[j] /= sum;
            }
        }

        private static void sumValues(
                double[] weights, KvCache kv, int layer, int head, int limit, MemorySegment out, long at) {
            KvLayout layout = kv.layout();
            int bytes = layout.type().bytes();
            long base = layout.valueOffset(layer, head);
            for (int i = 0; i < layout.valueDim(); i++) {
                double sum = 0;
                for (int j = 0; j < limit; j++) {
                    long value = base + bytes * ((long) (j % PAGE) * layout.valueStride() + i);
                    sum += weights[j] * number(layout.type(), kv.page(j / PAGE), value);
                }
                Blocks.putF32(out, at + 4L * i, (float) sum);
            }
        }

        private static float number(KvLayout.Type type, MemorySegment page, long at) {
            return switch (type) {
                case F32 -> Blocks.f32(page, at);
                case F16 -> Blocks.f16(page, at);
            };
        }
    }
}
