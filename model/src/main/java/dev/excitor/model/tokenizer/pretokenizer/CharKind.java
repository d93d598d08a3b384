package dev.excitor.model.tokenizer.pretokenizer;

/// What the regular expressions of pre-tokenizers distinguish. Small numbers and no enum, as one is kept per
/// character.
final class CharKind {
    /// No character: beyond the end.
    static final byte END = 0;
    /// `\p{L}`
    static final byte LETTER = 1;
    /// `\p{N}`
    static final byte NUMBER = 2;
    /// `\s`
    static final byte SPACE = 3;
    /// `\p{P}`
    static final byte PUNCTUATION = 4;
    /// Marks, symbols, controls and what is not assigned.
    static final byte OTHER = 5;

    private CharKind() {}

    static byte of(int codePoint) {
        if (isSpace(codePoint)) {
            return SPACE;
        }
        return switch (Character.getType(codePoint)) {
            case Character.UPPERCASE_LETTER,
                    Character.LOWERCASE_LETTER,
                    Character.TITLECASE_LETTER,
                    Character.MODIFIER_LETTER,
                    Character.OTHER_LETTER -> LETTER;
            case Character.DECIMAL_DIGIT_NUMBER, Character.LETTER_NUMBER, Character.OTHER_NUMBER -> NUMBER;
            case Character.CONNECTOR_PUNCTUATION,
                    Character.DASH_PUNCTUATION,
                    Character.START_PUNCTUATION,
                    Character.END_PUNCTUATION,
                    Character.INITIAL_QUOTE_PUNCTUATION,
                    Character.FINAL_QUOTE_PUNCTUATION,
                    Character.OTHER_PUNCTUATION -> PUNCTUATION;
            default -> OTHER;
        };
    }

    /// Unicode's White_Space property, which neither of Java's two notions of a space is.
    private static boolean isSpace(int codePoint) {
        return switch (codePoint) {
            case '\t', '\n', 0x0B, '\f', '\r', ' ', 0x85, 0xA0, 0x1680, 0x2028, 0x2029, 0x202F, 0x205F, 0x3000 -> true;
            default -> codePoint >= 0x2000 && codePoint <= 0x200A;
        };
    }
}
