package dev.excitor.model.tokenizer;

/// How a text becomes tokens.
///
/// @param addSpecial   whether the tokens that open and close a text (BOS, EOS) are added, where the vocabulary
///                     asks for them
/// @param parseSpecial whether the text of a control token, such as `<|eot_id|>`, becomes that token. Only for text the
///                     program wrote itself: in a stranger's text it would let the stranger end a turn
public record EncodeOptions(boolean addSpecial, boolean parseSpecial) {
    /// Text and nothing else: no BOS, control tokens stay text.
    public static final EncodeOptions TEXT = new EncodeOptions(false, false);

    /// A whole prompt from a user: BOS where the vocabulary asks for it, control tokens stay text.
    public static final EncodeOptions PROMPT = new EncodeOptions(true, false);

    /// A prompt that a chat template made: its control tokens count.
    public static final EncodeOptions TEMPLATE = new EncodeOptions(true, true);
}
