package dev.excitor.model.adapter;

import dev.excitor.model.arch.Dimensions;
import dev.excitor.model.arch.Scratch;
import dev.excitor.runtime.format.Blocks;
import dev.excitor.runtime.kv.KvCache;
import dev.excitor.runtime.kv.KvLayout;
import dev.excitor.runtime.ops.Blas1;
import dev.excitor.runtime.ops.ExtraKeys;
import dev.excitor.runtime.ops.Ops;
import dev.excitor.runtime.ops.RopeTable;
import dev.excitor.runtime.team.Worker;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.HashMap;
import java.util.Map;
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
/// The small products are [ExtraKeys]; here is what the settings make of them.
public final class ExcitorBypass implements KeyBypass {

    private final Adapter adapter;
    private final ExcitorConfig config;
    private final Strategy strategy;
    private final Dimensions model;
    private final float scale;
    private final Blas1 blas;
    private final Map<Integer, ExtraKeys.Prepared> blocks;

    /// z of the layer in progress, `[n, r]`.
    private final MemorySegment z;

    /// What multiplies each channel of an extra key that goes into k, `[E]` by layer; empty where it is not added at
    /// once.
    private final Map<Integer, MemorySegment> gates;

    /// k' of the layer in progress, where it is not added at once, `[n, E]`.
    private final MemorySegment extra;

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
            Adapter adapter, Strategy strategy, float scale, Dimensions model, Ops ops, Arena arena, int batch) {
        adapter.checkFits(model);
        Strategy.requireExact(strategy, adapter.config());
        this.adapter = adapter;
        this.config = adapter.config();
        this.strategy = strategy;
        this.model = model;
        this.scale = scale;
        this.blocks = adapter.prepared(ops.extraKeys());
        this.blas = ops.blas1();
        int stride = blocks.values().stream()
                .mapToInt(ExtraKeys.Prepared::rankStride)
                .max()
                .orElse(0);
        this.z = arena.allocate(4L * batch * stride, 64);
        this.gates = addsAtOnce() ? gates(arena) : Map.of();
        this.extra = addsAtOnce() || strategy == Strategy.FACTORED
                ? MemorySegment.NULL
                : arena.allocate(4L * batch * config.extraWidth(), 64);
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

    /// Whether k' needs nothing but its gate on its way into k.
    private boolean addsAtOnce() {
        return strategy == Strategy.FUSED && config.extraKeyRope() == ExcitorConfig.ExtraKeyRope.NONE;
    }

    private Map<Integer, MemorySegment> gates(Arena arena) {
        int width = config.extraWidth();
        Map<Integer, MemorySegment> result = new HashMap<>();
        for (int layer : config.layers()) {
            MemorySegment gate = arena.allocate(4L * width, 64);
            for (int e = 0; e < width; e++) {
                Blocks.putF32(gate, 4L * e, gateOf(block(layer), e / model.keyDim()));
            }
            result.put(layer, gate);
        }
        return result;
    }

    /// g of a kv head, the adapter's scale included.
    private float gateOf(ExcitorLayer block, int kvHead) {
        return scale * block.gate()[kvHead * model.heads() / model.kvHeads()];
    }

    private ExtraKeys.Prepared prepared(int layer) {
        return Objects.requireNonNull(blocks.get(layer), "no block in this layer");
    }

    @Override
    public void project(Worker worker, int layer, Scratch s) {
        if (isActive(layer)) {
            MemorySegment x = (config.input() == ExcitorConfig.Input.POST_NORM ? s.h() : s.x()).data();
            prepared(layer).project(worker, x, s.n(), z);
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

    /// a or k' of each token and inner head, wherever the strategy wants it.
    private void extraKeys(Worker worker, int layer, Scratch s) {
        ExtraKeys.Prepared block = prepared(layer);
        if (strategy == Strategy.FACTORED) {
            block.weights(worker, z, s.n(), segment(stored));
        } else if (addsAtOnce()) {
            MemorySegment gate = Objects.requireNonNull(gates.get(layer), "no block in this layer");
            block.addKeys(worker, z, s.n(), gate, s.k());
        } else {
            block.keys(worker, z, s.n(), extra);
            place(worker, layer, s);
        }
    }

    /// Puts this worker's extra keys, rotated where the settings ask for it, into k or beside it.
    private void place(Worker worker, int layer, Scratch s) {
        int heads = config.innerHeadCount();
        int dim = config.extraWidth() / heads;
        float[] head = worker.floats(dim);
        int items = s.n() * heads;
        for (int item = worker.from(items, 1); item < worker.to(items, 1); item++) {
            long at = 4L * item * dim;
            Blocks.copyF32(extra, at, head, 0, dim);
            if (config.extraKeyRope() == ExcitorConfig.ExtraKeyRope.KEY) {
                for (int slice = 0; slice < dim; slice += model.keyDim()) {
                    rotate(head, slice, s.angles(), item / heads);
                }
            }
            if (strategy == Strategy.SEPARATE) {
                Blocks.copyF32(head, 0, segment(stored), at, dim);
                continue;
            }
            for (int i = 0; i < dim; i++) {
                float gate = gateOf(block(layer), (item % heads * dim + i) / model.keyDim());
                Blocks.putF32(s.k(), at + 4L * i, Math.fma(gate, head[i], Blocks.f32(s.k(), at + 4L * i)));
            }
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
                float score = blas.dot(query, 0, block.block().prompt(), p + k * dim, d);
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
}
