package dev.excitor.model.tokenizer;

/// What a token is for, with the numbers of `tokenizer.ggml.token_type`.
public enum TokenType {
    /// A piece of text.
    NORMAL,
    /// Stands for what the vocabulary cannot express.
    UNKNOWN,
    /// Structure, not text: BOS, EOS, the borders of a chat turn.
    CONTROL,
    /// Text that is always one token, wherever it occurs.
    USER_DEFINED,
    /// A place that no text leads to and that renders as nothing.
    UNUSED,
    /// One byte, written `<0x0A>`.
    BYTE;

    private static final TokenType[] BY_NUMBER = {UNUSED, NORMAL, UNKNOWN, CONTROL, USER_DEFINED, UNUSED, BYTE};

    /// How many numbers the file format defines: 0 (undefined, treated as unused) to 6.
    static final int NUMBERS = BY_NUMBER.length;

    static TokenType of(int number) {
        return BY_NUMBER[number];
    }

    /// Whether plain text may become this token. Control, unknown and byte tokens are no text: what happens to spell
    /// one must not become one.
    boolean isText() {
        return this == NORMAL || this == USER_DEFINED || this == UNUSED;
    }

    /// Whether the token is structure, which is found and rendered only when asked for.
    boolean isSpecial() {
        return this == CONTROL || this == UNKNOWN;
    }
}
