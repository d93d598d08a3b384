package dev.excitor.train.corpus;

import java.util.List;

/// A story and what may be asked about it: every answer follows from the text, from the last thing it says of a matter.
record Story(String text, List<Question> questions) {
    Story {
        questions = List.copyOf(questions);
    }
}
