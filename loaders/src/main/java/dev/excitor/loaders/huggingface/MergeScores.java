package dev.excitor.loaders.huggingface;

import dev.excitor.loaders.file.FileText;
import dev.excitor.loaders.huggingface.TokenizerJson.Merge;
import dev.excitor.runtime.ExcitorException.Unsupported;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.IntPredicate;

/// Scores that a SentencePiece vocabulary would have, out of the merges that were made of it.
///
/// SentencePiece merges two neighbours when they are a token together, the token of the best score first. The list of
/// merges made of such a vocabulary names every such pair, all those of one token in a row, the tokens in the order of
/// their scores; then the place of a token's first merge is its score but for a monotonic function, which is all that
/// counts. A list that was trained as merges has fewer pairs, and would be read as another tokenizer: it is refused.
final class MergeScores {

    private static final List<String> KNOWN = List.of("merges made of a SentencePiece vocabulary");

    /// What a token that no merge makes has; no pair of neighbours becomes it.
    private static final float UNREACHABLE = -1e9f;

    /// Characters of a token: eight times the longest that SentencePiece makes. The check of all splits is quadratic.
    private static final int MAX_TOKEN = 128;

    private MergeScores() {}

    /// @param text whether a token is plain text
    static float[] of(TokenizerJson tokenizer, IntPredicate text) {
        String[] tokens = tokenizer.tokens();
        float[] scores = new float[tokens.length];
        Arrays.fill(scores, UNREACHABLE);
        Set<Merge> merges = new HashSet<>(tokenizer.merges());
        int last = -1;
        int rank = 0;
        for (Merge merge : tokenizer.merges()) {
            int made = tokenizer.id(merge.left() + merge.right()).orElseThrow();
            if (made == last) {
                continue;
            }
            if (scores[made] != UNREACHABLE) {
                throw new Unsupported(
                        "%s: model.merges, in which those of %s are not in a row"
                                .formatted(tokenizer.path(), FileText.quote(tokens[made])),
                        KNOWN);
            }
            scores[made] = - ++rank;
            last = made;
        }
        for (int id = 0; id < tokens.length; id++) {
            if (tokens[id] != null && text.test(id)) {
                requireEverySplit(tokenizer, tokens[id], text, merges);
            }
        }
        return scores;
    }

    private static void requireEverySplit(TokenizerJson tokenizer, String token, IntPredicate text, Set<Merge> merges) {
        if (token.length() > MAX_TOKEN) {
            throw new Unsupported(
                    "%s: token %s of %d characters".formatted(tokenizer.path(), FileText.quote(token), token.length()),
                    List.of("tokens of up to " + MAX_TOKEN));
        }
        for (int at = 1; at < token.length(); at++) {
            if (Character.isLowSurrogate(token.charAt(at))) {
                continue;
            }
            var merge = new Merge(token.substring(0, at), token.substring(at));
            boolean both = isText(tokenizer, merge.left(), text) && isText(tokenizer, merge.right(), text);
            if (both && !merges.contains(merge)) {
                throw new Unsupported(
                        "%s: model.merges, which lack %s and %s"
                                .formatted(
                                        tokenizer.path(), FileText.quote(merge.left()), FileText.quote(merge.right())),
                        KNOWN);
            }
        }
    }

    private static boolean isText(TokenizerJson tokenizer, String token, IntPredicate text) {
        return tokenizer.id(token).filter(text::test).isPresent();
    }
}
