package dev.excitor.train.task;

import dev.excitor.model.GenerationOptions;
import dev.excitor.model.Session;
import dev.excitor.model.tokenizer.EncodeOptions;
import dev.excitor.model.tokenizer.Tokenizer;
import dev.excitor.train.corpus.Split;
import dev.excitor.train.corpus.StoryCorpus;
import java.util.List;

/// How questions about stories of held-out combinations are answered, where each time the likeliest token is taken.
///
/// @param answered replies that answer the question in the wanted manner, a whole sentence about the very thing that
/// was
///                 asked for, right or wrong
/// @param right    of these, the ones with the right fact: the wanted sentence, to the letter
/// @param tasks    questions asked
public record TaskScore(int answered, int right, int tasks) {

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
    /// @param example whether each question comes after another one that was answered as wanted
    public static TaskScore of(Session session, long seed, int tasks, boolean example, Listener listener) {
        StoryCorpus corpus = new StoryCorpus(seed, Split.HELD_OUT);
        int answered = 0;
        int right = 0;
        for (int i = 0; i < tasks; i++) {
            StoryCorpus.Task task = corpus.task(i);
            String reply = reply(session, example ? task.prompted() : task.prompt());
            answered += task.answers().contains(reply) ? 1 : 0;
            right += reply.equals(task.response()) ? 1 : 0;
            listener.answered(task, reply);
        }
        return new TaskScore(answered, right, tasks);
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

    /// Replies in the wanted manner, of all.
    public double manner() {
        return (double) answered / tasks;
    }

    /// Right answers, of all.
    public double accuracy() {
        return (double) right / tasks;
    }
}
