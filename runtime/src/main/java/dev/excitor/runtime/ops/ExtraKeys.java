package dev.excitor.runtime.ops;

import dev.excitor.runtime.team.Worker;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/// The small products of LLaMA-Excitor (Zou et al., arXiv 2404.00913), which make an extra key k' from a hidden state
/// x:
///
/// ```text
/// z  = W_down x                                 [r]
/// e  = W_up z                                   [heads, dim]
/// a  = softmax over K of (s_e <e_h, P_k,h>)     [heads, K]
/// k' = sum over k of a_k P_k                    [heads, dim]
/// ```
public interface ExtraKeys {

    /// The weights of one layer's block, decoded and laid out for use.
    ///
    /// @param width   C, numbers of a hidden state
    /// @param rank    r
    /// @param heads   of the inner softmax
    /// @param prompts K
    /// @param dim     numbers of a head; `heads * dim` is E
    /// @param scale   s_e
    /// @param down    W_down, `[r][C]`
    /// @param upT     W_up transposed, `[r][E]`
    /// @param prompt  P, `[heads][K][dim]`
    record Block(
            int width,
            int rank,
            int heads,
            int prompts,
            int dim,
            float scale,
            float[] down,
            float[] upT,
            float[] prompt) {

        /// E.
        public int extra() {
            return heads * dim;
        }
    }

    /// A block made ready for one form of these operations: immutable, shared by any number of sessions.
    ///
    /// Every method is called by all members of a team, each does its share. The shares of [#weights], [#keys] and
    /// [#addKeys] are runs of `n * heads` items of one token and head each, see [Worker#from].
    interface Prepared {

        /// Numbers from one row of z to the next, r at least.
        int rankStride();

        /// @param x `[n, C]`
        /// @param z receives `[n, r]`, rows [#rankStride] apart
        void project(Worker worker, MemorySegment x, int n, MemorySegment z);

        /// @param a receives `[n, heads, K]`
        void weights(Worker worker, MemorySegment z, int n, MemorySegment a);

        /// @param extra receives k', `[n, heads, dim]`
        void keys(Worker worker, MemorySegment z, int n, MemorySegment extra);

        /// `k += g k'`.
        ///
        /// @param g what multiplies each channel of k', `[heads, dim]`
        /// @param k `[n, heads, dim]`
        void addKeys(Worker worker, MemorySegment z, int n, MemorySegment g, MemorySegment k);
    }

    /// @param arena owns whatever the prepared form needs
    Prepared prepare(Arena arena, Block block);
}
