package dev.excitor.model.tokenizer.pretokenizer;

/// The expression of GPT-2:
///
/// `'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`
final class Gpt2Words implements Splitter {
    @Override
    public void split(CodePoints text, int from, int to, Cuts cuts) {
        for (int at = from; at < to; ) {
            at = end(text, at, to);
            cuts.add(at);
        }
    }

    private static int end(CodePoints text, int at, int to) {
        int contraction = Words.endOfContraction(text, at, to, false);
        if (contraction >= 0) {
            return contraction;
        }
        int first = text.point(at) == ' ' ? at + 1 : at;
        byte kind = text.kind(first, to);
        return switch (kind) {
            case CharKind.LETTER, CharKind.NUMBER -> text.endOfRun(first, to, kind);
            case CharKind.SPACE, CharKind.END -> Words.endOfSpaces(text, at, to);
            default -> text.endOfOthers(first, to);
        };
    }
}
