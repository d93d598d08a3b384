package dev.excitor.train.corpus;

import java.util.List;

/// A question about a story and the sentence that answers it.
///
/// @param text    the question
/// @param answer  the answer as a whole sentence, such as `The kite is in the barn.`
/// @param brief   the asked-for words alone, such as `In the barn.`
/// @param answers all sentences that answer in this manner, right or wrong, such as `The kite is on the roof.`
record Question(String text, String answer, String brief, List<String> answers) {
    Question {
        answers = List.copyOf(answers);
    }
}
