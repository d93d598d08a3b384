package dev.excitor.train.corpus;

import java.util.List;
import java.util.stream.Stream;

/// How somebody replies to a question. In one text everybody keeps to one manner, and how often each occurs is what the
/// base model learns to expect: most replies are no answers.
enum Manner {
    SENTENCE(28),
    BRIEF(17),
    UNSURE(35),
    CHATTY(10),
    ASKING(10);

    private final int weight;

    Manner(int weight) {
        this.weight = weight;
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
