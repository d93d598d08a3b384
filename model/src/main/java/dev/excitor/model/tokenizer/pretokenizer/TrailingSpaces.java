package dev.excitor.model.tokenizer.pretokenizer;

/// `\s+$`: the whitespace at the end is a piece of its own.
final class TrailingSpaces implements Splitter {
    @Override
    public void split(CodePoints text, int from, int to, Cuts cuts) {
        int at = to;
        while (at > from && text.kind(at - 1) == CharKind.SPACE) {
            at--;
        }
        cuts.add(at);
        cuts.add(to);
    }
}
