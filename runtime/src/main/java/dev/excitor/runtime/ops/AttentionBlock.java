package dev.excitor.runtime.ops;

import static dev.excitor.runtime.ops.AttentionWorkspace.GRAIN;

import dev.excitor.runtime.format.Blocks;
import dev.excitor.runtime.kv.KvLayout;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/// Some queries, with all query heads that share one kv head, on their way through the cache; reused by its worker for
/// one block after the other.
///
/// Row r is query `r % count` of the group's head `r / count`. Rows are padded to what the innermost loops take at
/// once.
final class AttentionBlock {

    private final KvLayout layout;
    private final int heads;
    private final int group;
    private final float[] q;
    private final float[] b;
    private final float[] scores;
    private final float[] sums;
    private final float[] max;
    private final float[] total;
    private final MemorySegment page;
    private double[] doubles = new double[0];

    private int kvHead;
    private int query;
    private int count;
    private int firstPosition;

    /// @param heads   query heads
    /// @param queries most queries in a block
    AttentionBlock(Arena arena, KvLayout layout, int heads, int queries) {
        this.layout = layout;
        this.heads = heads;
        this.group = heads / layout.kvHeads();
        int rows = (Math.multiplyExact(group, queries) + GRAIN - 1) / GRAIN * GRAIN;
        q = new float[Math.multiplyExact(rows, layout.keyDim())];
        b = new float[Math.multiplyExact(rows, layout.extra().width())];
        scores = new float[rows * KvLayout.PAGE];
        sums = new float[Math.multiplyExact(rows, layout.valueStride())];
        max = new float[rows];
        total = new float[rows];
        page = switch (layout.type()) {
            case F32 -> MemorySegment.NULL;
            case F16 ->
                arena.allocate((long) Float.BYTES * KvLayout.PAGE * (layout.keyDim() + layout.valueStride()), 64);
        };
    }

    /// Starts a block.
    ///
    /// @param query         its first query, counted in the batch
    /// @param count         its queries
    /// @param firstPosition the position of the batch's first query
    void begin(int kvHead, int query, int count, int firstPosition) {
        this.kvHead = kvHead;
        this.query = query;
        this.count = count;
        this.firstPosition = firstPosition;
        Arrays.fill(sums, 0, padded() * stride(), 0f);
        // finite, so that scores of minus infinity get weight 0 also when they come first
        Arrays.fill(max, 0, rows(), -Float.MAX_VALUE);
        Arrays.fill(total, 0, rows(), 0f);
    }

    /// Takes the block's rows of `[n, heads * keyDim]`, scaled.
    void loadQueries(MemorySegment source, float scale) {
        load(source, layout.keyDim(), scale, q);
    }

    /// Takes the block's rows of `[n, heads * width]`.
    void loadExtra(MemorySegment source) {
        load(source, layout.extra().width(), 1, b);
    }

    private void load(MemorySegment source, int width, float scale, float[] target) {
        for (int row = 0; row < rows(); row++) {
            long from = 4L * width * outputRow(row);
            for (int i = 0; i < width; i++) {
                target[row * width + i] = Blocks.f32(source, from + 4L * i) * scale;
            }
        }
        Arrays.fill(target, rows() * width, padded() * width, 0f);
    }

    /// Writes the finished rows into `[n, heads * valueDim]`.
    void store(MemorySegment out) {
        for (int row = 0; row < rows(); row++) {
            long to = 4L * layout.valueDim() * outputRow(row);
            for (int i = 0; i < layout.valueDim(); i++) {
                Blocks.putF32(out, to + 4L * i, sums[row * stride() + i] / total[row]);
            }
        }
    }

    /// Writes the unfinished rows of a single query into `[span][head]`: sums, largest score, sum of weights.
    void storePartial(MemorySegment partials, int span) {
        long size = stride() + 2L;
        for (int row = 0; row < rows(); row++) {
            long to = 4 * size * ((long) span * heads + (long) kvHead * group + row);
            Blocks.copyF32(sums, row * stride(), partials, to, stride());
            Blocks.putF32(partials, to + 4L * stride(), max[row]);
            Blocks.putF32(partials, to + 4L * stride() + 4, total[row]);
        }
    }

    /// The row of `[n * heads]` that a row of the block stands for.
    private long outputRow(int row) {
        return (query + row % count) * (long) heads + (long) kvHead * group + row / count;
    }

    int kvHead() {
        return kvHead;
    }

    /// Query heads that share the kv head.
    int group() {
        return group;
    }

    /// Queries.
    int count() {
        return count;
    }

    /// Rows: queries times query heads.
    int rows() {
        return count * group;
    }

    /// Rows that are computed: a lone last one alone, two or three as four.
    int padded() {
        return rows() % GRAIN == 1 ? rows() : (rows() + GRAIN - 1) / GRAIN * GRAIN;
    }

    /// The last position a row sees: its own.
    int position(int row) {
        return firstPosition + query + row % count;
    }

    /// The extra head of a query head of the group.
    int extraHead(int head) {
        return (kvHead * group + head) * layout.extra().heads() / heads;
    }

    /// Numbers from one row of sums to the next.
    int stride() {
        return layout.valueStride();
    }

    /// Scaled queries, `[row][keyDim]`.
    float[] q() {
        return q;
    }

    /// The other side of the extra vectors, `[row][width]`.
    float[] b() {
        return b;
    }

    /// Scores of a page, then their weights, `[row][PAGE]`.
    float[] scores() {
        return scores;
    }

    /// Weighted sums of values, `[row][stride]`.
    float[] sums() {
        return sums;
    }

    /// The largest score of each row so far.
    float[] max() {
        return max;
    }

    /// The sum of the weights of each row so far.
    float[] total() {
        return total;
    }

    /// Keys and values of one page and head as F32; of no size where the cache stores F32.
    MemorySegment page() {
        return page;
    }

    /// For the scalar form; grows once.
    double[] doubles(int size) {
        if (doubles.length < size) {
            doubles = new double[size];
        }
        return doubles;
    }
}
