package dev.excitor.model.tokenizer.pretokenizer;

/// The expression of Llama 3 and its kin, where `D` is a number of digits:
///
/// ```
/// (?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,D}
/// | ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+
/// ```
///
/// @param maxDigits how many digits make a piece at most
record Llama3Words(int maxDigits) implements Splitter {
    @Override
    public void split(CodePoints text, int from, int to, Cuts cuts) {
        for (int at = from; at < to; ) {
            int contraction = Words.endOfContraction(text, at, to, true);
            if (contraction >= 0) {
                at = contraction;
            } else {
                int letters = firstLetter(text, at, to);
                at = letters >= 0
                        ? text.endOfRun(letters, to, CharKind.LETTER)
                        : endOfNonLetters(text, at, to, maxDigits, false);
            }
            cuts.add(at);
        }
    }

    /// Where the letters of `[^\r\n\p{L}\p{N}]?\p{L}` begin when it matches here, or -1.
    static int firstLetter(CodePoints text, int at, int to) {
        if (text.kind(at) == CharKind.LETTER) {
            return at;
        }
        boolean prefix = text.kind(at) != CharKind.NUMBER && !isLineBreak(text.point(at));
        return prefix && text.kind(at + 1, to) == CharKind.LETTER ? at + 1 : -1;
    }

    /// `\p{N}{1,D}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`
    ///
    /// @param slash whether the line breaks after punctuation may be slashes too, `[\r\n/]*`
    static int endOfNonLetters(CodePoints text, int at, int to, int maxDigits, boolean slash) {
        if (text.kind(at) == CharKind.NUMBER) {
            return text.endOfRun(at, Math.min(at + maxDigits, to), CharKind.NUMBER);
        }
        int first = text.point(at) == ' ' ? at + 1 : at;
        if (CodePoints.isOther(text.kind(first, to))) {
            int end = text.endOfOthers(first, to);
            while (end < to && (isLineBreak(text.point(end)) || (slash && text.point(end) == '/'))) {
                end++;
            }
            return end;
        }
        int afterLineBreak = -1;
        for (int i = at; text.kind(i, to) == CharKind.SPACE; i++) {
            afterLineBreak = isLineBreak(text.point(i)) ? i + 1 : afterLineBreak;
        }
        return afterLineBreak >= 0 ? afterLineBreak : Words.endOfSpaces(text, at, to);
    }

    private static boolean isLineBreak(int point) {
        return point == '\r' || point == '\n';
    }
}
