package dev.excitor.model.tokenizer;

/// How tokens become text.
///
/// @param renderSpecial whether control and unknown tokens appear as their text; otherwise as nothing
/// @param fromStart     whether the tokens are the beginning of a text, so that the space which a SentencePiece
///                      vocabulary puts before it is taken away again; false for a continuation
public record DecodeOptions(boolean renderSpecial, boolean fromStart) {
    /// A whole text: the inverse of encoding.
    public static final DecodeOptions TEXT = new DecodeOptions(false, true);

    /// Tokens that continue a text, such as a model's answer.
    public static final DecodeOptions CONTINUATION = new DecodeOptions(false, false);
}
