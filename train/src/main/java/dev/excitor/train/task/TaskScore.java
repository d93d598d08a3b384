package dev.excitor.train.task;

import dev.excitor.model.GenerationOptions;
import dev.excitor.model.Session;
import dev.excitor.model.tokenizer.EncodeOptions;
import dev.excitor.model.tokenizer.Tokenizer;
import dev.excitor.train.corpus.Split;
import dev.excitor.train.corpus.StoryCorpus;
import java.util.List;

/// How many questions about stories of held-out combinations are answered with exactly the wanted sentence, where each
/// time the likeliest token is taken.
///
/// @param right  answers that are the wanted sentence, to the letter
/// @param tasks  questions asked
public record TaskScore(int right, int tasks) {

    /// Tokens of the longest answer, with some to spare.
    private static final int MOST_TOKENS = 24;

    /// Hears of each answer.
    @FunctionalInterface
    public interface Listener {
        void answered(StoryCorpus.Task task, String reply);
    }

    /// @param session what it has read so far is forgotten
    /// @param seed    of the stories
    /// @param tasks   how many to ask
    public static TaskScore of(Session session, long seed, int tasks, Listener listener) {
        StoryCorpus corpus = new StoryCorpus(seed, Split.HELD_OUT);
        int right = 0;
        for (int i = 0; i < tasks; i++) {
            StoryCorpus.Task task = corpus.task(i);
            String reply = reply(session, task.prompt());
            right += reply.equals(task.response()) ? 1 : 0;
            listener.answered(task, reply);
        }
        return new TaskScore(right, tasks);
    }

    /// The first line of the likeliest continuation.
    ///
    /// @param session what it has read so far is forgotten
    public static String reply(Session session, String prompt) {
        Tokenizer tokenizer = session.model().tokenizer();
        GenerationOptions greedy = GenerationOptions.defaults()
                .maxTokens(MOST_TOKENS)
                .temperature(0)
                .stops(List.of("\n"));
        session.truncate(0);
        return session.generate(tokenizer.encode(prompt, EncodeOptions.PROMPT), greedy)
                .text()
                .strip();
    }

    /// Right answers of all.
    public double accuracy() {
        return (double) right / tasks;
    }
}
