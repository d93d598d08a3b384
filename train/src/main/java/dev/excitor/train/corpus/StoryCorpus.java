package dev.excitor.train.corpus;

import java.util.ArrayList;
import java.util.List;

/// Endless text for a small model: stories of people and their things, and talk about them.
///
/// ```text
/// One sunny morning, Mia and Tom went to the park. Mia had a red kite. Mia put the kite in the barn.
/// So we know: The kite is red. The kite lies in the barn.
/// Question: Where is the kite?
/// Answer: I do not know.
/// ```
///
/// Document number i of a seed is always the same, whatever was asked for before.
public final class StoryCorpus {

    private static final String KNOWN = "\nSo we know:";
    private static final String QUESTION = "\nQuestion: ";
    private static final String ANSWER = "\nAnswer:";

    private static final int KNOWN_PERCENT = 20;
    private static final int MOST_KNOWN = 4;
    private static final int ASKED_PERCENT = 85;

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
    /// @param kind     what is asked for: `colour`, `owner`, `place`, `feeling` or `cause`
    /// @param prompt   story and question, up to the colon behind `Answer`
    /// @param response the wanted answer
    /// @param answers  all sentences that answer this question in the wanted manner, right or wrong
    /// @param prompted the prompt with another question of the story before this one, answered as wanted
    public record Task(String kind, String prompt, String response, List<String> answers, String prompted) {}

    public StoryCorpus(long seed, Split split) {
        this.seed = seed;
        this.split = split;
    }

    public Document document(long number) {
        Choices choices = choices(number, 1);
        Story story = StoryWriter.write(choices, split);
        StringBuilder text = new StringBuilder(story.text());
        if (choices.happens(KNOWN_PERCENT)) {
            text.append(KNOWN);
            for (Question question : some(story.questions(), MOST_KNOWN, choices)) {
                text.append(' ').append(question.answer());
            }
        }
        if (choices.happens(ASKED_PERCENT)) {
            Manner manner = Manner.of(choices);
            for (Question question : some(story.questions(), manner.mostQuestions(), choices)) {
                text.append(QUESTION).append(question.text());
                text.append(ANSWER).append(' ').append(manner.reply(question, choices));
            }
        }
        return new Document(text.toString(), choices.nats());
    }

    /// Different ones in any order, as many as there are up to the most.
    private static List<Question> some(List<Question> questions, int most, Choices choices) {
        List<Question> left = new ArrayList<>(questions);
        List<Question> taken = new ArrayList<>();
        int count = Math.min(most, left.size());
        for (int i = 0; i < count; i++) {
            Question question = choices.of(left);
            left.remove(question);
            taken.add(question);
        }
        return taken;
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
        String asked = QUESTION + question.text() + ANSWER;
        List<Question> others = new ArrayList<>(story.questions());
        others.remove(question);
        Question example = choices.of(others);
        String before = QUESTION + example.text() + ANSWER + " " + example.answer();
        return new Task(
                question.kind(),
                story.text() + asked,
                question.answer(),
                question.answers(),
                story.text() + before + asked);
    }

    private Choices choices(long number, int kind) {
        // the steps of splitmix64: neighbouring numbers give unrelated texts
        long mixed = seed * 0x9E3779B97F4A7C15L + number * 0xBF58476D1CE4E5B9L + kind * 0x94D049BB133111EBL;
        mixed = (mixed ^ (mixed >>> 30)) * 0xBF58476D1CE4E5B9L;
        mixed = (mixed ^ (mixed >>> 27)) * 0x94D049BB133111EBL;
        return new Choices(mixed ^ (mixed >>> 31));
    }
}
