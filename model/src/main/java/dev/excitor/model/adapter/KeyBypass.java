package dev.excitor.model.adapter;

import dev.excitor.model.arch.Scratch;
import dev.excitor.runtime.kv.KvCache;
import dev.excitor.runtime.kv.KvLayout;
import dev.excitor.runtime.team.Worker;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/// What stands between a layer's keys and its cache: nothing, or an Excitor. Chosen when a session is made, so that the
/// forward pass is the same lines with and without an adapter and never tests per token.
///
/// The steps of a layer call these in order, each by every member of the team, with a barrier between them.
public sealed interface KeyBypass permits NoBypass, ExcitorBypass {

    /// Whether this layer has a block at all.
    boolean isActive(int layer);

    /// Whether the block wants [#rawQuery] before q is rotated.
    boolean readsRawQuery(int layer);

    /// What is stored per token beside keys and values, and in which layers.
    KvLayout.Extra extra();

    /// `z = W_down x`, beside the products of q, k and v.
    void project(Worker worker, int layer, Scratch scratch);

    /// Meets the queries before they are rotated.
    void rawQuery(Worker worker, int layer, Scratch scratch);

    /// `k <- k + g k'`, or prepares the second term.
    void apply(Worker worker, int layer, Scratch scratch);

    /// Puts this layer's per-token vectors beside the keys; nothing where there is no second term.
    void store(Worker worker, int layer, KvCache kv, Scratch scratch);

    /// The other side of the vectors that [#store] puts beside the keys, f32 `[n, H, extra width]`, gate and scale
    /// included: attention's second term. Null where a layer has none.
    @Nullable
    MemorySegment secondTerm(int layer);
}
