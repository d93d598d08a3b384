package dev.excitor.model.tokenizer.pretokenizer;

/// `[class]{1,N}` with an optional `\s?` before it: what matches is cut out of what does not.
///
/// @param characters the class; it must not hold whitespace when `space` is true
/// @param min        the shortest match in characters; shorter runs do not match
/// @param max        the longest match in characters; a longer run is several
/// @param space      whether one whitespace character before the class belongs to the match, `\s?`
record Isolate(CharClass characters, int min, int max, boolean space) implements Splitter {
    /// `[class]`
    static Isolate each(CharClass characters) {
        return new Isolate(characters, 1, 1, false);
    }

    /// `[class]+`
    static Isolate runs(CharClass characters) {
        return new Isolate(characters, 1, Integer.MAX_VALUE, false);
    }

    /// `\s?[class]+`
    static Isolate spacedRuns(CharClass characters) {
        return new Isolate(characters, 1, Integer.MAX_VALUE, true);
    }

    @Override
    public void split(CodePoints text, int from, int to, Cuts cuts) {
        for (int at = from; at < to; ) {
            int first = space && text.kind(at) == CharKind.SPACE ? at + 1 : at;
            int end = endOfMatch(text, first, to);
            if (end - first >= min) {
                cuts.add(at);
                cuts.add(end);
                at = end;
            } else {
                at++;
            }
        }
        cuts.add(to);
    }

    private int endOfMatch(CodePoints text, int from, int to) {
        int limit = max < to - from ? from + max : to;
        int at = from;
        while (at < limit && contains(text, at, to)) {
            at++;
        }
        return at;
    }

    private boolean contains(CodePoints text, int at, int to) {
        return at < to && characters.contains(text.point(at), text.kind(at));
    }
}
