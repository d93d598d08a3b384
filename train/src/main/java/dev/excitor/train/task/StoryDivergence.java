package dev.excitor.train.task;

import dev.excitor.model.Session;
import dev.excitor.model.evaluation.Divergence;
import dev.excitor.model.evaluation.LogProbabilities;
import dev.excitor.model.tokenizer.EncodeOptions;
import dev.excitor.train.corpus.Split;
import dev.excitor.train.corpus.StoryCorpus;
import java.util.Arrays;

/// How far one session's expectations are from another's on held-out texts of the corpus: what an adapter changed
/// beside what it was made for.
public final class StoryDivergence {

    private StoryDivergence() {}

    /// Over whole stories without their questions.
    ///
    /// @param base    what it has read so far is forgotten; the other too
    /// @param changed with the adapter
    /// @param seed    of the texts
    /// @param texts   how many
    public static Divergence of(Session base, Session changed, long seed, int texts) {
        int vocabulary = base.model().dimensions().vocab();
        StoryCorpus corpus = new StoryCorpus(seed, Split.HELD_OUT);
        Divergence divergence = new Divergence();
        LogProbabilities second = new LogProbabilities(vocabulary);
        for (int i = 0; i < texts; i++) {
            int[] text = base.model().tokenizer().encode(corpus.story(i), EncodeOptions.PROMPT);
            int[] read = Arrays.copyOf(text, text.length - 1);
            LogProbabilities[] expected = new LogProbabilities[read.length];
            base.truncate(0);
            base.forward(read, (row, logits) -> expected[row] = new LogProbabilities(vocabulary).set(logits));
            changed.truncate(0);
            changed.forward(read, (row, logits) -> divergence.add(expected[row], second.set(logits), text[row + 1]));
        }
        return divergence;
    }
}
