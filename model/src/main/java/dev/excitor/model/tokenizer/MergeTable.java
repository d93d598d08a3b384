package dev.excitor.model.tokenizer;

import dev.excitor.runtime.ExcitorException;
import dev.excitor.runtime.checkpoint.Metadata;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;

/// The merges of a BPE vocabulary, `tokenizer.ggml.merges`: which two tokens become which, the earlier in the list
/// the sooner.
final class MergeTable {
    private static final String KEY = VocabularyReader.PREFIX + "merges";

    private final PairMap ranks;
    /// The token that each merge makes, by its place in the list.
    private final int[] tokens;

    private MergeTable(int merges) {
        ranks = new PairMap(merges, ThreadLocalRandom.current().nextLong());
        tokens = new int[merges];
    }

    /// @throws ExcitorException.Mismatch when a merge is not two tokens, or what they make is none
    static MergeTable read(Metadata metadata, Vocabulary vocabulary) {
        List<byte[]> merges = metadata.findBytes(KEY)
                .orElseThrow(() -> new ExcitorException.Mismatch(KEY, "the merges of a gpt2 tokenizer", "nothing"));
        if (merges.size() > 1 << 28) {
            throw new ExcitorException.Mismatch(KEY, "at most 268435456 merges", merges.size() + " merges");
        }
        MergeTable table = new MergeTable(merges.size());
        byte[] joined = new byte[64];
        for (int rank = 0; rank < merges.size(); rank++) {
            byte[] merge = merges.get(rank);
            int space = space(merge);
            if (space < 0 || space == merge.length - 1) {
                throw new ExcitorException.Mismatch(
                        VocabularyReader.at(KEY, rank),
                        "two tokens with a space between them",
                        VocabularyReader.quote(merge));
            }
            if (joined.length < merge.length) {
                joined = new byte[2 * merge.length];
            }
            System.arraycopy(merge, 0, joined, 0, space);
            System.arraycopy(merge, space + 1, joined, space, merge.length - space - 1);
            int left = vocabulary.texts().find(merge, 0, space);
            int right = vocabulary.texts().find(merge, space + 1, merge.length);
            int token = vocabulary.texts().find(joined, 0, merge.length - 1);
            if (left == Vocabulary.NONE || right == Vocabulary.NONE || token == Vocabulary.NONE) {
                throw new ExcitorException.Mismatch(
                        VocabularyReader.at(KEY, rank),
                        "two tokens that make a third",
                        VocabularyReader.quote(merge) + ", of which "
                                + (left == Vocabulary.NONE
                                        ? "the left is no token"
                                        : right == Vocabulary.NONE ? "the right is no token" : "both make no token"));
            }
            table.tokens[rank] = token;
            if (vocabulary.type(token).isText()) {
                table.ranks.putIfAbsent(left, right, rank);
            }
        }
        return table;
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
