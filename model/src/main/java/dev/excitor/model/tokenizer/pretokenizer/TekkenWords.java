package dev.excitor.model.tokenizer.pretokenizer;

/// The expression of Mistral's Tekken, in the form llama.cpp gives it, where only ASCII letters have a case (`U` is a
/// letter outside a-z, `W` one outside A-Z):
///
/// `[^\r\n\p{L}\p{N}]?U*W+|[^\r\n\p{L}\p{N}]?U+W*|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+`
final class TekkenWords implements Splitter {
    @Override
    public void split(CodePoints text, int from, int to, Cuts cuts) {
        for (int at = from; at < to; ) {
            int letters = Llama3Words.firstLetter(text, at, to);
            at = letters >= 0 ? endOfLetters(text, letters, to) : Llama3Words.endOfNonLetters(text, at, to, 1, true);
            cuts.add(at);
        }
    }

    /// `U*W+|U+W*`. Letters outside ASCII are both U and W: when no a-z follows the run of U, W+ is left with the last
    /// such letter of the run, and ends right after it.
    private static int endOfLetters(CodePoints text, int from, int to) {
        int lastOfBoth = -1;
        int at = from;
        while (text.kind(at, to) == CharKind.LETTER && !isLower(text.point(at))) {
            lastOfBoth = isUpper(text.point(at)) ? lastOfBoth : at;
            at++;
        }
        if (at == to || !isLower(text.point(at))) {
            return lastOfBoth >= 0 ? lastOfBoth + 1 : at;
        }
        while (text.kind(at, to) == CharKind.LETTER && !isUpper(text.point(at))) {
            at++;
        }
        return at;
    }

    private static boolean isLower(int point) {
        return point >= 'a' && point <= 'z';
    }

    private static boolean isUpper(int point) {
        return point >= 'A' && point <= 'Z';
    }
}
