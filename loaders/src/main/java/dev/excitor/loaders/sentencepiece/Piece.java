package dev.excitor.loaders.sentencepiece;

/// One token of a SentencePiece vocabulary.
///
/// @param text  as the file writes it: with U+2581 for a space, `<0x0A>` for a byte
/// @param score the larger, the earlier it merges
public record Piece(String text, float score, Type type) {

    /// What a piece is for. GGUF has the same numbers.
    public enum Type {
        NORMAL(1),
        UNKNOWN(2),
        CONTROL(3),
        USER_DEFINED(4),
        UNUSED(5),
        BYTE(6);

        private final int number;

        Type(int number) {
            this.number = number;
        }

        /// The number that stands for it in the file.
        public int number() {
            return number;
        }
    }
}
