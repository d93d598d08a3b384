package dev.excitor.model.arch;

import dev.excitor.model.adapter.KeyBypass;
import dev.excitor.runtime.kv.KvCache;
import dev.excitor.runtime.ops.AttentionWorkspace;
import dev.excitor.runtime.team.Worker;
import java.lang.foreign.Arena;
import java.util.List;

/// A bound model of some architecture: what turns tokens into logits. Immutable; everything that changes is an
/// argument.
public interface Decoder {

    /// Extents that sessions, adapters and people ask for.
    Dimensions dimensions();

    /// Every matrix with the kernels chosen for it, for people.
    List<NamedLinear> matrices();

    /// Working memory for passes of up to `batch` tokens.
    Scratch newScratch(Arena arena, int batch, AttentionWorkspace workspace);

    /// Bytes of that working memory, for people.
    long scratchBytes(int batch);

    /// The final hidden state of each token of the batch, in `scratch.x()`, with keys and values stored behind the
    /// cache's last position. Every member of the team calls it; afterwards one of them advances the cache.
    void forward(Worker worker, Batch batch, KvCache kv, KeyBypass bypass, Scratch scratch);

    /// Logits of `count` tokens of the last batch, from token `from` on, into the first rows of `scratch.logits()`.
    /// Every member of the team calls it, behind a barrier.
    ///
    /// @param count at most [Scratch#LOGIT_ROWS]
    void logits(Worker worker, Scratch scratch, int from, int count);

    /// A matrix and what it is: `attn_q`.
    record NamedLinear(String name, Linear linear) {}
}
