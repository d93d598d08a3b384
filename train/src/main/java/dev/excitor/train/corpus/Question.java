package dev.excitor.train.corpus;

import java.util.List;

/// A question about a story and the sentence that answers it.
///
/// @param kind    what is asked for, such as `place`
/// @param text    the question
/// @param answer  the answer as a whole sentence, such as `The kite lies in the barn.`
/// @param brief   the asked-for words alone, such as `In the barn.`
/// @param answers all sentences that answer in this manner, right or wrong, such as `The kite lies by the river.`
record Question(String kind, String text, String answer, String brief, List<String> answers) {
    Question {
        answers = List.copyOf(answers);
    }
}
