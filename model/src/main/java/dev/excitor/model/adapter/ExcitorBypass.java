package dev.excitor.model.adapter;

import dev.excitor.model.arch.Dimensions;
import dev.excitor.model.arch.Scratch;
import dev.excitor.runtime.format.Blocks;
import dev.excitor.runtime.kv.KvCache;
import dev.excitor.runtime.kv.KvLayout;
import dev.excitor.runtime.ops.Blas1;
import dev.excitor.runtime.ops.RopeTable;
import dev.excitor.runtime.team.Worker;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// LLaMA-Excitor in one session: makes each token's extra key from its hidden state and lets queries meet it.
///
/// ```text
/// z  = W_down x                                   [n, r]
/// e  = W_up z                                     [n, E]
/// a  = softmax over K of s_e <e_h, P_k,h>         [n, M, K]     M heads of the inner softmax
/// k' = sum over k of a_k P_k                      [n, E]
/// S_ij += g s <q_i, k'_j>                         fused: k_j += g k'_j, because both terms share q and s
/// ```
///
/// The small products run on the heap, a token and a head at a time, so that they need one barrier and no kernels.
public final class ExcitorBypass implements KeyBypass {

    private final Adapter adapter;
    private final ExcitorConfig config;
    private final Strategy strategy;
    private final Dimensions model;
    private final float scale;
    private final Blas1 blas;

    /// z of the layer in progress, `[n][r]`.
    private final float[] z;

    /// Numbers of each head of what the second term stores per token.
    private final int storedWidth;

    /// What the second term stores per token: a or k'; `[n, storedHeads, storedWidth]`.
    private final @Nullable MemorySegment stored;

    /// What a query becomes in the second term, `[n, H, storedWidth]`, gate and scales folded in.
    private final @Nullable MemorySegment queries;

    /// @param arena the session's
    /// @param batch most tokens of a pass
    /// @param scale multiplies every gate; not 0, for which no bypass is needed
    public ExcitorBypass(
            Adapter adapter, Strategy strategy, float scale, Dimensions model, Blas1 blas, Arena arena, int batch) {
        adapter.checkFits(model);
        Strategy.requireExact(strategy, adapter.config());
        this.adapter = adapter;
        this.config = adapter.config();
        this.strategy = strategy;
        this.model = model;
        this.scale = scale;
        this.blas = blas;
        this.z = new float[batch * config.rank()];
        boolean second = strategy != Strategy.FUSED;
        this.storedWidth = strategy.storedWidth(config);
        int storedHeads = strategy.storedHeads(config);
        this.stored = second ? arena.allocate(4L * batch * storedHeads * storedWidth, 64) : null;
        this.queries = second ? arena.allocate(4L * batch * model.heads() * storedWidth, 64) : null;
    }

    public Strategy strategy() {
        return strategy;
    }

    @Override
    public boolean isActive(int layer) {
        return adapter.layer(layer) != null;
    }

    @Override
    public boolean readsRawQuery(int layer) {
        return isActive(layer) && config.queryRope() == ExcitorConfig.QueryRope.RAW;
    }

    private boolean hasSecondTerm(int layer) {
        return isActive(layer) && strategy != Strategy.FUSED;
    }

    @Override
    public KvLayout.Extra extra() {
        return strategy.extra(config);
    }

    private ExcitorLayer block(int layer) {
        return Objects.requireNonNull(adapter.layer(layer), "no block in this layer");
    }

    @Override
    public void project(Worker worker, int layer, Scratch s) {
        if (!isActive(layer)) {
            return;
        }
        float[] down = block(layer).down();
        MemorySegment x = (config.input() == ExcitorConfig.Input.POST_NORM ? s.h() : s.x()).data();
        int width = model.width();
        int rank = config.rank();
        float[] row = worker.floats(width);
        int items = s.n() * rank;
        int last = -1;
        for (int item = worker.from(items, 1); item < worker.to(items, 1); item++) {
            int token = item / rank;
            if (token != last) {
                Blocks.copyF32(x, 4L * token * width, row, 0, width);
                last = token;
            }
            z[item] = blas.dot(row, 0, down, item % rank * width, width);
        }
    }

    @Override
    public void rawQuery(Worker worker, int layer, Scratch s) {
        meetQueries(worker, layer, s);
    }

    @Override
    public void apply(Worker worker, int layer, Scratch s) {
        extraKeys(worker, layer, s);
        if (hasSecondTerm(layer) && !readsRawQuery(layer)) {
            meetQueries(worker, layer, s);
        }
    }

    /// a and k' of each token and inner head, then wherever the strategy wants them.
    private void extraKeys(Worker worker, int layer, Scratch s) {
        ExcitorLayer block = block(layer);
        int prompts = config.promptLength();
        int heads = config.innerHeadCount();
        int dim = config.extraWidth() / heads;
        float[] work = worker.floats(2 * dim + prompts);
        int items = s.n() * heads;
        for (int item = worker.from(items, 1); item < worker.to(items, 1); item++) {
            int token = item / heads;
            int head = item % heads;
            Arrays.fill(work, 0, 2 * dim, 0f);
            for (int r = 0; r < config.rank(); r++) {
                float zr = z[token * config.rank() + r];
                blas.axpy(zr, block.upT(), r * config.extraWidth() + head * dim, work, 0, dim);
            }
            int p = head * prompts * dim;
            for (int k = 0; k < prompts; k++) {
                float score = blas.dot(work, 0, block.prompt(), p + k * dim, dim);
                work[2 * dim + k] = config.effectiveInnerScale() * score;
            }
            softmax(work, 2 * dim, prompts);
            if (strategy == Strategy.FACTORED) {
                Blocks.copyF32(work, 2 * dim, segment(stored), 4L * item * prompts, prompts);
                continue;
            }
            for (int k = 0; k < prompts; k++) {
                blas.axpy(work[2 * dim + k], block.prompt(), p + k * dim, work, dim, dim);
            }
            place(block, s, token, head, work, dim, dim);
        }
    }

    /// Puts one inner head's extra key, `dim` numbers from `work[at]`, into k or beside it.
    private void place(ExcitorLayer block, Scratch s, int token, int head, float[] work, int at, int dim) {
        if (config.extraKeyRope() == ExcitorConfig.ExtraKeyRope.KEY) {
            for (int slice = 0; slice < dim; slice += model.keyDim()) {
                rotate(work, at + slice, s.angles(), token);
            }
        }
        int extra = config.extraWidth();
        long to = 4L * ((long) token * extra + (long) head * dim);
        if (strategy == Strategy.SEPARATE) {
            Blocks.copyF32(work, at, segment(stored), to, dim);
            return;
        }
        for (int i = 0; i < dim; i++) {
            int kvHead = (head * dim + i) / model.keyDim();
            float gate = scale * block.gate()[kvHead * model.heads() / model.kvHeads()];
            float key = Blocks.f32(s.k(), to + 4L * i);
            Blocks.putF32(s.k(), to + 4L * i, Math.fma(gate, work[at + i], key));
        }
    }

    private void rotate(float[] head, int at, RopeTable angles, int token) {
        for (int pair = 0; pair < model.ropeDim() / 2; pair++) {
            float cos = angles.cosine(token, pair);
            float sin = angles.sine(token, pair);
            float even = head[at + 2 * pair];
            float odd = head[at + 2 * pair + 1];
            head[at + 2 * pair] = even * cos - odd * sin;
            head[at + 2 * pair + 1] = even * sin + odd * cos;
        }
    }

    /// What each query becomes in the second term: `g s P_h q` (factored) or `g s q` (separate).
    private void meetQueries(Worker worker, int layer, Scratch s) {
        ExcitorLayer block = block(layer);
        int d = model.keyDim();
        int prompts = config.promptLength();
        int heads = config.innerHeadCount();
        int dim = config.extraWidth() / heads;
        float[] query = worker.floats(d);
        int items = s.n() * model.heads();
        for (int item = worker.from(items, 1); item < worker.to(items, 1); item++) {
            int h = item % model.heads();
            float factor = scale * block.gate()[h] * model.scoreScale();
            Blocks.copyF32(s.q(), 4L * item * d, query, 0, d);
            long to = 4L * item * storedWidth;
            if (strategy == Strategy.SEPARATE) {
                for (int i = 0; i < d; i++) {
                    Blocks.putF32(segment(queries), to + 4L * i, factor * query[i]);
                }
                continue;
            }
            int channel = extraHead(h) * d;
            int p = channel / dim * prompts * dim + channel % dim;
            for (int k = 0; k < prompts; k++) {
                float score = blas.dot(query, 0, block.prompt(), p + k * dim, d);
                Blocks.putF32(segment(queries), to + 4L * k, factor * score);
            }
        }
    }

    /// Which d-wide slice of the extra key query head h meets.
    private int extraHead(int h) {
        return config.width() == ExcitorConfig.Width.Q ? h : model.group(h);
    }

    @Override
    public void store(Worker worker, int layer, KvCache kv, Scratch s) {
        if (hasSecondTerm(layer)) {
            kv.storeExtra(worker, layer, segment(stored), s.n());
        }
    }

    @Override
    public @Nullable MemorySegment secondTerm(int layer) {
        return hasSecondTerm(layer) ? queries : null;
    }

    private static MemorySegment segment(@Nullable MemorySegment segment) {
        return Objects.requireNonNull(segment, "a fused bypass has no second term");
    }

    /// In place, over `n` numbers from `at`.
    private static void softmax(float[] x, int at, int n) {
        float max = Float.NEGATIVE_INFINITY;
        for (int i = at; i < at + n; i++) {
            max = Math.max(max, x[i]);
        }
        double sum = 0;
        for (int i = at; i < at + n; i++) {
            x[i] = (float) StrictMath.exp(x[i] - max);
            sum += x[i];
        }
        float inverse = (float) (1 / sum);
        for (int i = at; i < at + n; i++) {
            x[i] *= inverse;
        }
    }
}
