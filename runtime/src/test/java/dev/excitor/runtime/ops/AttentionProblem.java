package dev.excitor.runtime.ops;

import dev.excitor.runtime.kv.KvCache;
import dev.excitor.runtime.kv.KvLayout;
import dev.excitor.runtime.team.Team;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Random;

/// Queries at the end of a text of random keys and values, kept in plain arrays `[position][head * dim]`.
///
/// The text goes through a real cache into the operation under test; [#exact] computes from the arrays, in double, and
/// knows nothing of pages and tiles.
final class AttentionProblem {

    private final AttentionShape shape;
    private final int first;
    private final int n;
    private final float scale;
    private final float[] q;
    private final float[] b;
    private final float[] keys;
    private final float[] values;
    private final float[] extra;

    /// @param first positions before the first query
    /// @param n     queries
    AttentionProblem(AttentionShape shape, int first, int n, Values kind, Random random) {
        this.shape = shape;
        this.first = first;
        this.n = n;
        this.scale = (float) (1 / Math.sqrt(shape.keyDim()));
        this.q = kind.array(random, n * shape.heads() * shape.keyDim());
        this.b = kind.array(random, n * shape.heads() * shape.extraWidth());
        this.keys = kind.array(random, (first + n) * shape.kvHeads() * shape.keyDim());
        this.values = kind.array(random, (first + n) * shape.kvHeads() * shape.valueDim());
        this.extra = kind.array(random, (first + n) * shape.extraHeads() * shape.extraWidth());
    }

    /// Numbers in a row of the result.
    int width() {
        return shape.heads() * shape.valueDim();
    }

    /// Overwrites keys, values and extra vectors from a position on.
    void poison(int from, float poison) {
        fill(keys, from, shape.kvHeads() * shape.keyDim(), poison);
        fill(values, from, shape.kvHeads() * shape.valueDim(), poison);
        fill(extra, from, shape.extraHeads() * shape.extraWidth(), poison);
    }

    /// Overwrites one query.
    void poisonQuery(int row, float poison) {
        int width = shape.heads() * shape.keyDim();
        Arrays.fill(q, row * width, (row + 1) * width, poison);
    }

    private static void fill(float[] rows, int from, int width, float value) {
        Arrays.fill(rows, from * width, rows.length, value);
    }

    /// What an implementation makes of it, `[n][width]`.
    float[] run(Attention attention, Team team) {
        KvLayout layout = shape.layout();
        int length = first + n;
        try (Arena arena = Arena.ofShared();
                KvCache kv = new KvCache(layout, length + 5)) {
            AttentionWorkspace workspace =
                    attention.workspace(arena, layout, shape.heads(), kv.capacity(), team.size());
            store(attention, workspace, arena, kv, team, 0, first);
            kv.advance(first);
            store(attention, workspace, arena, kv, team, first, n);
            MemorySegment queries = Buffers.input(arena, q);
            MemorySegment second = Buffers.input(arena, b);
            MemorySegment out = Buffers.output(arena, n * width());
            team.run(worker -> {
                if (shape.hasExtra()) {
                    attention.applyWithExtra(
                            worker, queries, second, kv, AttentionShape.LAYER, first, n, scale, out, workspace);
                } else {
                    attention.apply(worker, queries, kv, AttentionShape.LAYER, first, n, scale, out, workspace);
                }
            });
            return Buffers.read(out, n * width());
        }
    }

    private void store(
            Attention attention,
            AttentionWorkspace workspace,
            Arena arena,
            KvCache kv,
            Team team,
            int from,
            int count) {
        kv.reserve(count);
        MemorySegment k = rows(arena, keys, from, count, shape.kvHeads() * shape.keyDim());
        MemorySegment v = rows(arena, values, from, count, shape.kvHeads() * shape.valueDim());
        MemorySegment c = rows(arena, extra, from, count, shape.extraHeads() * shape.extraWidth());
        team.run(worker -> {
            attention.store(worker, kv, AttentionShape.LAYER, k, v, count, workspace);
            if (shape.hasExtra()) {
                kv.storeExtra(worker, AttentionShape.LAYER, c, count);
            }
        });
    }

    private static MemorySegment rows(Arena arena, float[] all, int from, int count, int width) {
        return Buffers.input(arena, Arrays.copyOfRange(all, from * width, (from + count) * width));
    }

    /// The exact result of one query and head, and how far floats may be from it.
    ///
    /// @param result `valueDim` numbers
    /// @param bounds as many; componentwise, from the terms that make up each number
    record Exact(double[] result, double[] bounds) {}

    /// The definition, from the plain arrays.
    Exact exact(int row, int head) {
        int limit = first + row + 1;
        double[] weights = new double[limit];
        double max = Double.NEGATIVE_INFINITY;
        double magnitude = 0;
        for (int j = 0; j < limit; j++) {
            double[] score = score(row, head, j);
            weights[j] = score[0];
            magnitude = Math.max(magnitude, score[1]);
            max = Math.max(max, score[0]);
        }
        double total = 0;
        for (int j = 0; j < limit; j++) {
            weights[j] = Math.exp(weights[j] - max);
            total += weights[j];
        }
        // a score is a sum of products, and its error a relative one of its weight; then the weighted sum
        double relative = Math.ulp(1f) * (4 * (shape.keyDim() + shape.extraWidth() + 4) * magnitude + limit + 16);
        double[] result = new double[shape.valueDim()];
        double[] bounds = new double[shape.valueDim()];
        int group = head * shape.kvHeads() / shape.heads();
        for (int i = 0; i < shape.valueDim(); i++) {
            double terms = 0;
            for (int j = 0; j < limit; j++) {
                double term = weights[j] / total * number(values, (j * shape.kvHeads() + group) * shape.valueDim() + i);
                result[i] += term;
                terms += Math.abs(term);
            }
            bounds[i] = relative * terms + Float.MIN_NORMAL;
        }
        return new Exact(result, bounds);
    }

    /// The score of a position and the sum of its terms' magnitudes.
    private double[] score(int row, int head, int j) {
        double sum = 0;
        double magnitude = 0;
        int query = (row * shape.heads() + head) * shape.keyDim();
        int key = (j * shape.kvHeads() + head * shape.kvHeads() / shape.heads()) * shape.keyDim();
        for (int i = 0; i < shape.keyDim(); i++) {
            double term = scale * q[query + i] * (double) number(keys, key + i);
            sum += term;
            magnitude += Math.abs(term);
        }
        int second = (row * shape.heads() + head) * shape.extraWidth();
        int c = (j * shape.extraHeads() + head * shape.extraHeads() / shape.heads()) * shape.extraWidth();
        for (int i = 0; i < shape.extraWidth(); i++) {
            double term = (double) b[second + i] * extra[c + i];
            sum += term;
            magnitude += Math.abs(term);
        }
        return new double[] {sum, magnitude};
    }

    /// A number as the cache keeps it.
    private float number(float[] numbers, int at) {
        return switch (shape.type()) {
            case F32 -> numbers[at];
            case F16 -> Float.float16ToFloat(Float.floatToFloat16(numbers[at]));
        };
    }
}
