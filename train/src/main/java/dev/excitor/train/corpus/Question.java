package dev.excitor.train.corpus;

/// A question about a story and the sentence that answers it.
///
/// @param text   the question
/// @param answer the answer as a whole sentence, such as `The kite is in the barn.`
/// @param brief  the asked-for words alone, such as `In the barn.`
public record Question(String text, String answer, String brief) {}
