package dev.excitor.model.tokenizer.pretokenizer;

/// A character class of a regular expression.
@FunctionalInterface
interface CharClass {
    /// @param kind the character's [CharKind]
    boolean contains(int point, byte kind);

    static CharClass kind(byte wanted) {
        return (point, kind) -> kind == wanted;
    }

    static CharClass oneOf(String characters) {
        return (point, kind) -> characters.indexOf(point) >= 0;
    }

    default CharClass or(CharClass other) {
        return (point, kind) -> contains(point, kind) || other.contains(point, kind);
    }
}
