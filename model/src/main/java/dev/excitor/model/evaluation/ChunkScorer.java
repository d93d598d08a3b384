package dev.excitor.model.evaluation;

import dev.excitor.model.Session;
import java.util.Arrays;

/// Runs a model over [Chunks] and hands out what it expected at each scored position.
public final class ChunkScorer {

    /// Receives one scored position.
    @FunctionalInterface
    public interface Scores {
        /// @param expected what the model expected; valid during the call only
        /// @param next     the token that came
        void accept(LogProbabilities expected, int next);
    }

    private final Session session;
    private final LogProbabilities expected;

    /// @param session holds a chunk at least; what it has read so far is forgotten
    public ChunkScorer(Session session) {
        this.session = session;
        this.expected = new LogProbabilities(session.model().dimensions().vocab());
    }

    /// Scores one chunk, its tokens in order.
    ///
    /// @throws dev.excitor.runtime.ExcitorException.NotFinite when the model's output is not numbers
    public void score(int[] chunk, Scores scores) {
        int first = chunk.length / 2;
        session.truncate(0);
        session.append(Arrays.copyOf(chunk, first)); // unscored: their logits, but for the last's, are never computed
        int[] scored = Arrays.copyOfRange(chunk, first, chunk.length - 1);
        session.forward(scored, (row, logits) -> scores.accept(expected.set(logits), chunk[first + row + 1]));
    }
}
