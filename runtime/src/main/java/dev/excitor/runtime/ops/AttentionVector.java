package dev.excitor.runtime.ops;

import static dev.excitor.runtime.kv.KvLayout.PAGE;
import static dev.excitor.runtime.kv.KvLayout.TILE;

import dev.excitor.runtime.kv.KvCache;
import dev.excitor.runtime.kv.KvLayout;
import dev.excitor.runtime.team.Worker;
import dev.excitor.runtime.vector.Lanes;
import dev.excitor.runtime.vector.Load;
import dev.excitor.runtime.vector.Sum;
import dev.excitor.runtime.vector.Templates;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandles;
import java.nio.ByteOrder;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/// The template of the vector forms of [Attention].
///
/// The queries of a block, and all query heads that share a kv head, go through the cache together, a page at a time:
/// scores, weights relative to the largest score so far, weighted sum of the values, which is rescaled whenever a
/// larger score turns up (Milakov and Gimelshein, 2018). Scores and sums are the same small product `C[row][position or
/// channel] += A[row][k] B[k][position or channel]`, once with a tile of keys and once with rows of values as B. A
/// single query far into the context is cut into spans of positions, whose partial sums are joined behind a barrier.
public final class AttentionVector implements Attention {

    private static final Lanes LANES = Templates.lanes(MethodHandles.lookup());
    private static final VectorSpecies<Float> F = LANES.f32();
    private static final VectorSpecies<Integer> I = LANES.i32();
    private static final int N = F.length();
    private static final ByteOrder LE = ByteOrder.LITTLE_ENDIAN;
    private static final int GRAIN = AttentionWorkspace.GRAIN;

    public AttentionVector() {}

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
        attend(worker, q, MemorySegment.NULL, -1, kv, layer, first, n, scale, out, workspace);
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
        attend(worker, q, b, kv.extraSlot(layer), kv, layer, first, n, scale, out, workspace);
    }

    /// @param slot of the extra vectors, or -1 where they take no part
    private static void attend(
            Worker worker,
            MemorySegment q,
            MemorySegment b,
            int slot,
            KvCache kv,
            int layer,
            int first,
            int n,
            float scale,
            MemorySegment out,
            AttentionWorkspace workspace) {
        AttentionBlock block = workspace.block(worker);
        int kvHeads = kv.layout().kvHeads();
        // one query is cut along the positions, several along the queries
        int length = AttentionWorkspace.span(first + 1);
        int spans = n == 1 ? first / length + 1 : 1;
        int blocks = (n + workspace.queries() - 1) / workspace.queries();
        int parts = spans * blocks;
        for (int task = worker.index(); task < parts * kvHeads; task += worker.count()) {
            // blocks of late queries take longest and go first
            int part = parts - 1 - task % parts;
            int query = part / spans * workspace.queries();
            int span = part % spans;
            block.begin(task / parts, query, Math.min(workspace.queries(), n - query), first);
            block.loadQueries(q, scale);
            if (slot >= 0) {
                block.loadExtra(b);
            }
            int end = Math.min(first + query + block.count(), spans == 1 ? Integer.MAX_VALUE : (span + 1) * length);
            for (int page = span * (length / PAGE); page * PAGE < end; page++) {
                scores(block, kv, layer, slot, page, Math.min(PAGE, end - page * PAGE));
            }
            if (spans == 1) {
                block.store(out);
            } else {
                block.storePartial(workspace.partials(), span);
            }
        }
        if (spans > 1) {
            worker.barrier();
            workspace.join(worker, spans, out);
        }
    }

    /// One page: scores, weights, weighted sums.
    ///
    /// @param valid positions of the page that the last query of the block sees
    private static void scores(AttentionBlock block, KvCache kv, int layer, int slot, int page, int valid) {
        KvLayout layout = kv.layout();
        MemorySegment data = kv.page(page);
        MemorySegment numbers = data;
        long keys = layout.keyOffset(layer, block.kvHead());
        long values = layout.valueOffset(layer, block.kvHead());
        if (layout.type() == KvLayout.Type.F16) {
            numbers = block.page();
            int tiles = (valid + TILE - 1) / TILE;
            long valuesAt = 4L * PAGE * layout.keyDim();
            toFloats(data, keys, numbers, 0, tiles * TILE * layout.keyDim());
            toFloats(data, values, numbers, valuesAt, valid * layout.valueStride());
            keys = 0;
            values = valuesAt;
        }
        products(block.q(), layout.keyDim(), 0, block.padded(), numbers, keys, valid, block.scores(), false);
        if (slot >= 0) {
            extraScores(block, data, layout, slot, valid);
        }
        int start = page * PAGE;
        int common = Math.clamp(block.position(0) + 1 - start, 0, valid);
        weigh(block, start, valid);
        sums(block, numbers, values, layout.valueStride(), start, common, valid);
    }

    /// Adds the second term of the scores, for each run of query heads that share an extra head.
    private static void extraScores(AttentionBlock block, MemorySegment page, KvLayout layout, int slot, int valid) {
        int from = 0;
        while (from < block.group()) {
            int extraHead = block.extraHead(from);
            int to = from + 1;
            while (to < block.group() && block.extraHead(to) == extraHead) {
                to++;
            }
            products(
                    block.b(),
                    layout.extra().width(),
                    from * block.count(),
                    to * block.count(),
                    page,
                    layout.extraOffset(slot, extraHead),
                    valid,
                    block.scores(),
                    true);
            from = to;
        }
    }

    /// Scores of rows `[from, to)`: their products with tiles of `width` x [KvLayout#TILE] numbers.
    private static void products(
            float[] rows,
            int width,
            int from,
            int to,
            MemorySegment page,
            long base,
            int valid,
            float[] scores,
            boolean add) {
        for (int p = 0; p < valid; p += 2 * N) {
            long left = base + 4 * KvLayout.tiled(p, width);
            long right = base + 4 * KvLayout.tiled(p + N, width);
            int row = from;
            for (; row + GRAIN <= to; row += GRAIN) {
                multiply4(
                        rows,
                        row * width,
                        width,
                        page,
                        left,
                        right,
                        4L * TILE,
                        width,
                        scores,
                        row * PAGE + p,
                        row * PAGE + p + N,
                        PAGE,
                        add);
            }
            for (; row < to; row++) {
                multiply1(
                        rows,
                        row * width,
                        page,
                        left,
                        right,
                        4L * TILE,
                        width,
                        scores,
                        row * PAGE + p,
                        row * PAGE + p + N,
                        add);
            }
        }
    }

    /// Turns the scores of a page into weights, and rescales what has been summed before.
    private static void weigh(AttentionBlock block, int start, int valid) {
        float[] scores = block.scores();
        for (int row = 0; row < block.rows(); row++) {
            int seen = Math.min(valid, block.position(row) + 1 - start);
            if (seen <= 0) {
                continue;
            }
            int at = row * PAGE;
            int whole = (seen + N - 1) / N * N;
            Arrays.fill(scores, at + seen, at + whole, Float.NEGATIVE_INFINITY);
            float before = block.max()[row];
            float max = largest(scores, at, whole, before);
            float factor = 1;
            if (max != before) {
                factor = (float) Math.exp((double) before - max);
                block.max()[row] = max;
                rescale(block.sums(), row * block.stride(), block.stride(), factor);
            }
            block.total()[row] = block.total()[row] * factor + exponentials(scores, at, whole, max);
        }
    }

    private static float largest(float[] scores, int at, int count, float before) {
        FloatVector max = FloatVector.broadcast(F, before);
        for (int i = 0; i < count; i += N) {
            max = max.max(FloatVector.fromArray(F, scores, at + i));
        }
        return max.reduceLanes(VectorOperators.MAX);
    }

    private static float exponentials(float[] scores, int at, int count, float max) {
        FloatVector sum = FloatVector.zero(F);
        for (int i = 0; i < count; i += N) {
            FloatVector e =
                    VectorExp.exp(F, FloatVector.fromArray(F, scores, at + i).sub(max));
            e.intoArray(scores, at + i);
            sum = sum.add(e);
        }
        return Sum.of(sum);
    }

    private static void rescale(float[] sums, int at, int count, float factor) {
        for (int i = 0; i < count; i += N) {
            FloatVector.fromArray(F, sums, at + i).mul(factor).intoArray(sums, at + i);
        }
    }

    /// Adds the weighted values of one page: the positions that all rows see together, then what each row sees beyond,
    /// so that a later position cannot reach an earlier row, not even as zero times infinity.
    private static void sums(
            AttentionBlock block, MemorySegment page, long values, int stride, int start, int common, int valid) {
        float[] weights = block.scores();
        float[] sums = block.sums();
        for (int i = 0; i < stride; i += 2 * N) {
            // a single last vector is computed twice, with the same result in the same place
            int other = i + N < stride ? i + N : i;
            long left = values + 4L * i;
            long right = values + 4L * other;
            int row = 0;
            for (; row + GRAIN <= block.padded(); row += GRAIN) {
                multiply4(
                        weights,
                        row * PAGE,
                        PAGE,
                        page,
                        left,
                        right,
                        4L * stride,
                        common,
                        sums,
                        row * stride + i,
                        row * stride + other,
                        stride,
                        true);
            }
            for (; row < block.padded(); row++) {
                multiply1(
                        weights,
                        row * PAGE,
                        page,
                        left,
                        right,
                        4L * stride,
                        common,
                        sums,
                        row * stride + i,
                        row * stride + other,
                        true);
            }
            if (common == valid) {
                continue;
            }
            long skipped = 4L * stride * common;
            for (row = 0; row < block.rows(); row++) {
                int seen = Math.min(valid, block.position(row) + 1 - start);
                if (seen > common) {
                    multiply1(
                            weights,
                            row * PAGE + common,
                            page,
                            left + skipped,
                            right + skipped,
                            4L * stride,
                            seen - common,
                            sums,
                            row * stride + i,
                            row * stride + other,
                            true);
                }
            }
        }
    }

    /// Four rows of a by two vectors of b: `c[r] (+)= sum over k of a[r, k] b[k]`.
    private static void multiply4(
            float[] a,
            int aAt,
            int aStride,
            MemorySegment b,
            long left,
            long right,
            long bStride,
            int depth,
            float[] c,
            int cLeft,
            int cRight,
            int cStride,
            boolean add) {
        FloatVector l0 = add ? FloatVector.fromArray(F, c, cLeft) : FloatVector.zero(F);
        FloatVector r0 = add ? FloatVector.fromArray(F, c, cRight) : FloatVector.zero(F);
        FloatVector l1 = add ? FloatVector.fromArray(F, c, cLeft + cStride) : FloatVector.zero(F);
        FloatVector r1 = add ? FloatVector.fromArray(F, c, cRight + cStride) : FloatVector.zero(F);
        FloatVector l2 = add ? FloatVector.fromArray(F, c, cLeft + 2 * cStride) : FloatVector.zero(F);
        FloatVector r2 = add ? FloatVector.fromArray(F, c, cRight + 2 * cStride) : FloatVector.zero(F);
        FloatVector l3 = add ? FloatVector.fromArray(F, c, cLeft + 3 * cStride) : FloatVector.zero(F);
        FloatVector r3 = add ? FloatVector.fromArray(F, c, cRight + 3 * cStride) : FloatVector.zero(F);
        for (int k = 0; k < depth; k++) {
            FloatVector x = FloatVector.fromMemorySegment(F, b, left + k * bStride, LE);
            FloatVector y = FloatVector.fromMemorySegment(F, b, right + k * bStride, LE);
            FloatVector w = FloatVector.broadcast(F, a[aAt + k]);
            l0 = w.fma(x, l0);
            r0 = w.fma(y, r0);
            w = FloatVector.broadcast(F, a[aAt + aStride + k]);
            l1 = w.fma(x, l1);
            r1 = w.fma(y, r1);
            w = FloatVector.broadcast(F, a[aAt + 2 * aStride + k]);
            l2 = w.fma(x, l2);
            r2 = w.fma(y, r2);
            w = FloatVector.broadcast(F, a[aAt + 3 * aStride + k]);
            l3 = w.fma(x, l3);
            r3 = w.fma(y, r3);
        }
        l0.intoArray(c, cLeft);
        r0.intoArray(c, cRight);
        l1.intoArray(c, cLeft + cStride);
        r1.intoArray(c, cRight + cStride);
        l2.intoArray(c, cLeft + 2 * cStride);
        r2.intoArray(c, cRight + 2 * cStride);
        l3.intoArray(c, cLeft + 3 * cStride);
        r3.intoArray(c, cRight + 3 * cStride);
    }

    /// One row of a by two vectors of b.
    private static void multiply1(
            float[] a,
            int aAt,
            MemorySegment b,
            long left,
            long right,
            long bStride,
            int depth,
            float[] c,
            int cLeft,
            int cRight,
            boolean add) {
        FloatVector l = add ? FloatVector.fromArray(F, c, cLeft) : FloatVector.zero(F);
        FloatVector r = add ? FloatVector.fromArray(F, c, cRight) : FloatVector.zero(F);
        for (int k = 0; k < depth; k++) {
            FloatVector w = FloatVector.broadcast(F, a[aAt + k]);
            l = w.fma(FloatVector.fromMemorySegment(F, b, left + k * bStride, LE), l);
            r = w.fma(FloatVector.fromMemorySegment(F, b, right + k * bStride, LE), r);
        }
        l.intoArray(c, cLeft);
        r.intoArray(c, cRight);
    }

    /// Converts `count` halves, a multiple of [KvLayout#TILE]: exactly, zeros, subnormals, infinities and NaNs
    /// included.
    private static void toFloats(MemorySegment source, long from, MemorySegment target, long to, int count) {
        FloatVector bias = FloatVector.broadcast(F, 0x1p112f);
        for (int i = 0; i < count; i += N) {
            IntVector half = Load.unsignedShorts(I, source, from + 2L * i);
            IntVector magnitude = half.and(0x7fff);
            IntVector sign = half.sub(magnitude).lanewise(VectorOperators.LSHL, 16);
            VectorMask<Integer> special = magnitude.compare(VectorOperators.GE, 0x7c00);
            magnitude
                    .lanewise(VectorOperators.LSHL, 13)
                    .reinterpretAsFloats()
                    .mul(bias)
                    .reinterpretAsInts()
                    .lanewise(VectorOperators.OR, 0x7f800000, special)
                    .or(sign)
                    .intoMemorySegment(target, to + 4L * i, LE);
        }
    }
}
