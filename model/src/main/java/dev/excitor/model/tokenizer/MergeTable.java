package dev.excitor.model.tokenizer;

import dev.excitor.model.concurrent.Aside;
import dev.excitor.runtime.ExcitorException;
import dev.excitor.runtime.checkpoint.Metadata;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;

/// The merges of a BPE vocabulary, `tokenizer.ggml.merges`: which two tokens become which, the earlier in the list
/// the sooner.
final class MergeTable {
    private static final String KEY = VocabularyReader.PREFIX + "merges";

    /// From here on a second thread is worth its start.
    private static final int MANY = 1 << 14;

    private final PairMap ranks;
    /// The token that each merge makes, by its place in the list.
    private final int[] tokens;

    private MergeTable(PairMap ranks, int[] tokens) {
        this.ranks = ranks;
        this.tokens = tokens;
    }

    /// @throws ExcitorException.Mismatch when a merge is not two tokens, or what they make is none
    static MergeTable read(Metadata metadata, Vocabulary vocabulary) {
        List<byte[]> merges = metadata.findBytes(KEY)
                .orElseThrow(() -> new ExcitorException.Mismatch(KEY, "the merges of a gpt2 tokenizer", "nothing"));
        int n = merges.size();
        if (n > 1 << 28) {
            throw new ExcitorException.Mismatch(KEY, "at most 268435456 merges", n + " merges");
        }
        int[] left = new int[n];
        int[] right = new int[n];
        int[] tokens = new int[n];
        // hundreds of thousands of look-ups in tables that no cache holds: what a large vocabulary waits for
        int half = n < MANY ? n : n / 2;
        Aside<Integer> second = half == n
                ? null
                : Aside.start("excitor-merges", () -> find(merges, half, n, vocabulary.texts(), left, right, tokens));
        int fault = find(merges, 0, half, vocabulary.texts(), left, right, tokens);
        int later = second == null ? Vocabulary.NONE : second.join();
        if (fault != Vocabulary.NONE || later != Vocabulary.NONE) {
            int rank = fault != Vocabulary.NONE ? fault : later;
            throw mismatch(rank, merges.get(rank), vocabulary.texts());
        }
        PairMap ranks = new PairMap(n, ThreadLocalRandom.current().nextLong());
        for (int rank = 0; rank < n; rank++) {
            if (vocabulary.type(tokens[rank]).isText()) {
                ranks.putIfAbsent(left[rank], right[rank], rank);
            }
        }
        return new MergeTable(ranks, tokens);
    }

    /// Finds the tokens of the merges `[from, to)`.
    ///
    /// @return the first of them that is no merge, or [Vocabulary#NONE]
    private static int find(
            List<byte[]> merges, int from, int to, TokenTexts texts, int[] left, int[] right, int[] tokens) {
        byte[] joined = new byte[texts.longest()];
        int made = 0;
        for (int rank = from; rank < to; rank++) {
            byte[] merge = merges.get(rank);
            int space = space(merge);
            if (space < 0 || space == merge.length - 1 || merge.length - 1 > joined.length) {
                return rank;
            }
            System.arraycopy(merge, 0, joined, 0, space);
            System.arraycopy(merge, space + 1, joined, space, merge.length - space - 1);
            left[rank] = texts.find(merge, 0, space);
            right[rank] = texts.find(merge, space + 1, merge.length);
            // lists go through the tokens in their order, with one merge for each of them or several
            made = texts.findFrom(made, joined, 0, merge.length - 1);
            tokens[rank] = made;
            if (left[rank] == Vocabulary.NONE || right[rank] == Vocabulary.NONE || made == Vocabulary.NONE) {
                return rank;
            }
        }
        return Vocabulary.NONE;
    }

    private static ExcitorException.Mismatch mismatch(int rank, byte[] merge, TokenTexts texts) {
        String key = VocabularyReader.at(KEY, rank);
        String found = VocabularyReader.quote(merge);
        int space = space(merge);
        if (space < 0 || space == merge.length - 1) {
            return new ExcitorException.Mismatch(key, "two tokens with a space between them", found);
        }
        String which = texts.find(merge, 0, space) == Vocabulary.NONE
                ? "the left is no token"
                : texts.find(merge, space + 1, merge.length) == Vocabulary.NONE
                        ? "the right is no token"
                        : "both make no token";
        return new ExcitorException.Mismatch(key, "two tokens that make a third", found + ", of which " + which);
    }

    /// A merge's first space that does not begin its left token, or -1.
    private static int space(byte[] merge) {
        for (int at = 1; at < merge.length; at++) {
            if (merge[at] == ' ') {
                return at;
            }
        }
        return -1;
    }

    /// The place of a merge in the list, or [PairMap#ABSENT].
    int rank(int left, int right) {
        return left < 0 || right < 0 ? PairMap.ABSENT : ranks.get(left, right);
    }

    int token(int rank) {
        return tokens[rank];
    }

    int size() {
        return tokens.length;
    }
}
