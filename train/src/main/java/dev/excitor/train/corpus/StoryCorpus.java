package dev.excitor.train.corpus;

import java.util.ArrayList;
import java.util.List;

/// Endless text for a small model: stories of people and their things, and talk about them.
///
/// ```text
/// One sunny morning, Mia and Tom went to the park. Mia had a red kite. She put it in the barn.
/// Question: Where is the kite?
/// Answer: I do not know.
/// ```
///
/// Document number i of a seed is always the same, whatever was asked for before.
public final class StoryCorpus {

    private static final String QUESTION = "\nQuestion: ";
    private static final String ANSWER = "\nAnswer:";

    private static final int MOST_QUESTIONS = 4;

    private final long seed;
    private final Split split;

    /// One text.
    ///
    /// @param text what it says
    /// @param nats an upper bound of the information in it, its end not counted: what a perfect model of the grammar
    ///             would be surprised by at most
    public record Document(String text, double nats) {}

    /// A task with its solution: a story with a question, and the sentence that answers it, which the prompt and a
    /// space come before.
    ///
    /// @param prompt   story and question, up to the colon behind `Answer`
    /// @param response the wanted answer
    public record Task(String prompt, String response) {}

    public StoryCorpus(long seed, Split split) {
        this.seed = seed;
        this.split = split;
    }

    public Document document(long number) {
        Choices choices = choices(number, 1);
        Story story = StoryWriter.write(choices, split);
        StringBuilder text = new StringBuilder(story.text());
        if (choices.happens(75)) {
            Manner manner = Manner.of(choices);
            List<Question> questions = new ArrayList<>(story.questions());
            int count = Math.min(1 + choices.below(MOST_QUESTIONS), questions.size());
            for (int i = 0; i < count; i++) {
                Question question = choices.of(questions);
                questions.remove(question);
                text.append(QUESTION).append(question.text());
                text.append(ANSWER).append(' ').append(manner.reply(question, choices));
            }
        }
        return new Document(text.toString(), choices.nats());
    }

    /// Story number i of this seed, without any questions.
    public String story(long number) {
        return StoryWriter.write(choices(number, 3), split).text();
    }

    /// Task number i of this seed.
    public Task task(long number) {
        Choices choices = choices(number, 2);
        Story story = StoryWriter.write(choices, split);
        Question question = choices.of(story.questions());
        return new Task(story.text() + QUESTION + question.text() + ANSWER, question.answer());
    }

    private Choices choices(long number, int kind) {
        // the steps of splitmix64: neighbouring numbers give unrelated texts
        long mixed = seed * 0x9E3779B97F4A7C15L + number * 0xBF58476D1CE4E5B9L + kind * 0x94D049BB133111EBL;
        mixed = (mixed ^ (mixed >>> 30)) * 0xBF58476D1CE4E5B9L;
        mixed = (mixed ^ (mixed >>> 27)) * 0x94D049BB133111EBL;
        return new Choices(mixed ^ (mixed >>> 31));
    }
}
