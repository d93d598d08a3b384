package dev.excitor.model.tokenizer.pretokenizer;

/// What the scanners of whole words have in common.
final class Words {
    private Words() {}

    /// Where an English contraction (`'s 't 're 've 'm 'll 'd`) ends that begins here, or -1.
    static int endOfContraction(CodePoints text, int at, int to, boolean anyCase) {
        if (text.point(at) != '\'') {
            return -1;
        }
        int first = letter(text.point(at + 1, to), anyCase);
        if (first == 's' || first == 't' || first == 'm' || first == 'd') {
            return at + 2;
        }
        int second = letter(text.point(at + 2, to), anyCase);
        boolean three =
                (first == 'r' && second == 'e') || (first == 'v' && second == 'e') || (first == 'l' && second == 'l');
        return three ? at + 3 : -1;
    }

    private static int letter(int point, boolean anyCase) {
        return anyCase && point >= 'A' && point <= 'Z' ? point + ('a' - 'A') : point;
    }

    /// `\s+(?!\S)|\s+`: where the whitespace that begins here ends, leaving the last of several to the word after it.
    static int endOfSpaces(CodePoints text, int from, int to) {
        int end = text.endOfRun(from, to, CharKind.SPACE);
        return end < to && end - from > 1 ? end - 1 : end;
    }
}
