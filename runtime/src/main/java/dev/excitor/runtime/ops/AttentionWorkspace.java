package dev.excitor.runtime.ops;

import dev.excitor.runtime.ExcitorException;
import dev.excitor.runtime.format.Blocks;
import dev.excitor.runtime.kv.KvLayout;
import dev.excitor.runtime.team.Worker;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/// Scratch for the attention of one session: a block per worker, of a size that depends only on the shape of the model,
/// and the partial sums of one long row.
public class AttentionWorkspace {

    /// Rows of a block, more only where a single kv head serves more query heads than this.
    private static final int ROWS = 32;

    /// Rows that the innermost loops take at once.
    static final int GRAIN = 4;

    /// Positions whose part of a single query's attention is one task; a whole number of pages.
    public static final int SPAN = 512;

    private final KvLayout layout;
    private final int heads;
    private final int queries;
    private final AttentionBlock[] blocks;
    private final MemorySegment partials;

    /// @param arena    owns the native part
    /// @param layout   of the caches that will be read
    /// @param heads    query heads, a multiple of the kv heads and of the extra heads
    /// @param capacity of the caches
    /// @param workers  members of the team, at least
    public AttentionWorkspace(Arena arena, KvLayout layout, int heads, int capacity, int workers) {
        requireMultiple("kv heads", layout.kvHeads(), heads);
        if (!layout.extra().layers().isEmpty()) {
            requireMultiple("extra heads", layout.extra().heads(), heads);
        }
        this.layout = layout;
        this.heads = heads;
        this.queries = Math.max(GRAIN, ROWS * layout.kvHeads() / heads / GRAIN * GRAIN);
        this.blocks = new AttentionBlock[workers];
        for (int worker = 0; worker < workers; worker++) {
            blocks[worker] = new AttentionBlock(arena, layout, heads, queries);
        }
        int spans = (capacity - 1) / SPAN + 1;
        this.partials = arena.allocate(spans == 1 ? 0 : 4L * spans * heads * partialSize(), 64);
    }

    private static void requireMultiple(String what, int of, int heads) {
        if (heads < of || heads % of != 0) {
            throw new ExcitorException.Mismatch(
                    "the number of query heads", "a multiple of the %d %s".formatted(of, what), String.valueOf(heads));
        }
    }

    /// Query heads.
    public final int heads() {
        return heads;
    }

    /// Queries of a full block.
    public final int queries() {
        return queries;
    }

    final AttentionBlock block(Worker worker) {
        return blocks[worker.index()];
    }

    /// Where the spans of a single query leave their results, f32 `[span][head][valueStride + 2]`: sums of weighted
    /// values, the largest score, the sum of the weights.
    public final MemorySegment partials() {
        return partials;
    }

    /// Numbers that a span leaves for a head.
    public final int partialSize() {
        return layout.valueStride() + 2;
    }

    /// Joins the partial results of this worker's share of the heads: the sums and totals of each span, rescaled to the
    /// largest score of all.
    final void join(Worker worker, int spans, MemorySegment out) {
        int stride = layout.valueStride();
        long step = 4L * heads * partialSize();
        for (int head = worker.from(heads, 1); head < worker.to(heads, 1); head++) {
            long at = 4L * head * partialSize();
            float max = Blocks.f32(partials, at + 4L * stride);
            for (int span = 1; span < spans; span++) {
                max = Math.max(max, Blocks.f32(partials, at + span * step + 4L * stride));
            }
            float total = 0;
            for (int span = 0; span < spans; span++) {
                long partial = at + span * step;
                float factor = (float) Math.exp((double) Blocks.f32(partials, partial + 4L * stride) - max);
                total += Blocks.f32(partials, partial + 4L * stride + 4) * factor;
                for (int i = 0; i < layout.valueDim(); i++) {
                    float before = span == 0 ? 0 : Blocks.f32(partials, at + 4L * i);
                    Blocks.putF32(
                            partials, at + 4L * i, Math.fma(Blocks.f32(partials, partial + 4L * i), factor, before));
                }
            }
            for (int i = 0; i < layout.valueDim(); i++) {
                long to = 4L * ((long) head * layout.valueDim() + i);
                Blocks.putF32(out, to, Blocks.f32(partials, at + 4L * i) / total);
            }
        }
    }
}
