package dev.excitor.train.corpus;

import java.util.List;
import java.util.stream.Stream;

/// How somebody replies to a question. In one text everybody keeps to one manner, and how often each occurs is what the
/// base model learns to expect: most replies are no answers.
enum Manner {
    SENTENCE(28, 8),
    BRIEF(26, 8),
    UNSURE(38, 1),
    CHATTY(4, 1),
    ASKING(4, 1);

    private final int weight;
    private final int mostQuestions;

    Manner(int weight, int mostQuestions) {
        this.weight = weight;
        this.mostQuestions = mostQuestions;
    }

    /// After how many questions it ends at the latest: who hears no answers stops asking.
    int mostQuestions() {
        return mostQuestions;
    }

    static Manner of(Choices choices) {
        return values()[
                choices.weighted(
                        Stream.of(values()).mapToInt(manner -> manner.weight).toArray())];
    }

    String reply(Question question, Choices choices) {
        return switch (this) {
            case SENTENCE -> question.answer();
            case BRIEF -> question.brief();
            case UNSURE -> choices.of(Replies.UNSURE);
            case CHATTY -> choices.of(Replies.CHATTY);
            case ASKING -> choices.of(Replies.ASKING);
        };
    }

    /// What is said instead of an answer.
    private static final class Replies {
        static final List<String> UNSURE =
                List.of("I do not know.", "I am not sure.", "I did not see it.", "I cannot tell.", "I have no idea.");
        static final List<String> CHATTY = List.of(
                "It is a nice day.",
                "We should have some tea.",
                "That is a long story.",
                "Birds can fly.",
                "My feet are cold.",
                "The sun is warm today.");
        static final List<String> ASKING =
                List.of("Why do you ask?", "Who wants to know?", "What do you think?", "Did you not listen?");
    }
}
