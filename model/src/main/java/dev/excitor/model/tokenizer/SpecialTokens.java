package dev.excitor.model.tokenizer;

import dev.excitor.runtime.ExcitorException;
import java.util.Arrays;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.IntPredicate;
import java.util.stream.IntStream;

/// Cuts a text at the tokens that are found before any tokenizing: the longest token first, each from left to right,
/// in what the ones before it left over. That is the order of llama.cpp, which searches the whole text once per
/// token; here one walk over a trie finds the candidates and a queue settles who yields, so the time does not grow
/// with the number of tokens.
final class SpecialTokens {
    /// The longest special token accepted: it bounds the walk at each position of a text.
    static final int MAX_LENGTH = 512;

    private static final int ROOT = 0;

    /// The tokens, longest first, equally long ones by id. A token's place here is its rank.
    private final int[] ids;

    private final TokenTexts texts;
    private final PairMap children;
    /// The rank of the token that ends at a node, or -1.
    private final int[] ranks;

    private final boolean[] firstBytes = new boolean[256];
    private final IntPredicate stripsLeft;
    private final IntPredicate stripsRight;

    /// What a text consists of, in order.
    interface Sink {
        /// Bytes `from` to `to`, at least one, that hold no special token.
        void text(int from, int to);

        void token(int id);
    }

    /// @param ids         the special tokens
    /// @param stripsLeft  which of them take the whitespace before them away
    /// @param stripsRight which of them take the whitespace after them away
    SpecialTokens(TokenTexts texts, IntStream ids, IntPredicate stripsLeft, IntPredicate stripsRight) {
        this.texts = texts;
        this.stripsLeft = stripsLeft;
        this.stripsRight = stripsRight;
        this.ids = ids.filter(id -> texts.length(id) > 0)
                .boxed()
                .sorted((a, b) -> texts.length(a) != texts.length(b)
                        ? Integer.compare(texts.length(b), texts.length(a))
                        : Integer.compare(a, b))
                .mapToInt(Integer::intValue)
                .toArray();
        int nodes = 1;
        for (int id : this.ids) {
            if (texts.length(id) > MAX_LENGTH) {
                throw new ExcitorException.Mismatch(
                        VocabularyReader.at(VocabularyReader.TOKENS, id),
                        "a control or user-defined token of at most " + MAX_LENGTH + " bytes",
                        texts.length(id) + " bytes");
            }
            nodes = Math.addExact(nodes, texts.length(id));
        }
        children = new PairMap(nodes, ThreadLocalRandom.current().nextLong());
        ranks = new int[nodes];
        Arrays.fill(ranks, -1);
        int used = 1;
        for (int rank = 0; rank < this.ids.length; rank++) {
            byte[] token = texts.get(this.ids[rank]);
            firstBytes[token[0] & 0xFF] = true;
            int node = ROOT;
            for (byte b : token) {
                int child = children.get(node, b & 0xFF);
                if (child == PairMap.ABSENT) {
                    child = used++;
                    children.putIfAbsent(node, b & 0xFF, child);
                }
                node = child;
            }
            ranks[node] = rank;
        }
    }

    /// Where in a text a token may be found.
    interface Where {
        Where ANYWHERE = (id, from, to) -> true;

        boolean mayBe(int id, int from, int to);
    }

    /// Hands the parts of a text to the sink.
    void partition(byte[] text, Where where, Sink sink) {
        Cuts cuts = find(text, where);
        int at = 0;
        int cut = 0;
        while (at < text.length) {
            if (cut < cuts.size && (int) (cuts.accepted[cut] >>> Integer.SIZE) == at) {
                int id = ids[(int) cuts.accepted[cut++]];
                sink.token(id);
                at += texts.length(id);
            } else if (cuts.taken(at)) {
                at++;
            } else {
                int end = at + 1;
                while (end < text.length && !cuts.taken(end)) {
                    end++;
                }
                sink.text(at, end);
                at = end;
            }
        }
    }

    private Cuts find(byte[] text, Where where) {
        LongHeap candidates = new LongHeap();
        for (int at = 0; at < text.length; at++) {
            if (firstBytes[text[at] & 0xFF]) {
                offer(candidates, text, where, at, text.length);
            }
        }
        Cuts cuts = new Cuts();
        while (!candidates.isEmpty()) {
            long entry = candidates.poll();
            int rank = (int) (entry >>> Integer.SIZE);
            int from = (int) entry;
            int to = from + texts.length(ids[rank]);
            int free = cuts.freeUntil(from, to);
            if (free == to) {
                cuts.accept(text, from, to, rank);
            } else {
                offer(candidates, text, where, from, free);
            }
        }
        cuts.sort();
        return cuts;
    }

    /// Queues the longest token that starts at `from` and ends by `limit`, if there is one.
    private void offer(LongHeap candidates, byte[] text, Where where, int from, int limit) {
        int best = -1;
        int node = ROOT;
        for (int at = from; at < limit; at++) {
            node = children.get(node, text[at] & 0xFF);
            if (node == PairMap.ABSENT) {
                break;
            }
            int rank = ranks[node];
            best = rank >= 0 && where.mayBe(ids[rank], from, at + 1) ? rank : best;
        }
        if (best >= 0) {
            candidates.add(((long) best << Integer.SIZE) | from);
        }
    }

    /// The tokens found so far and the bytes they took, whitespace they strip included.
    private final class Cuts {
        private boolean[] taken = {};
        /// Each token as (position, rank).
        private long[] accepted = new long[16];

        private int size;

        boolean taken(int at) {
            return size > 0 && taken[at];
        }

        /// The first taken byte from `from` on, at most `to`.
        int freeUntil(int from, int to) {
            int at = from;
            while (at < to && !taken(at)) {
                at++;
            }
            return at;
        }

        void accept(byte[] text, int from, int to, int rank) {
            if (size == 0) {
                taken = new boolean[text.length];
            }
            if (size == accepted.length) {
                accepted = Arrays.copyOf(accepted, Math.multiplyExact(size, 2));
            }
            accepted[size++] = ((long) from << Integer.SIZE) | rank;
            Arrays.fill(taken, from, to, true);
            int id = ids[rank];
            if (stripsLeft.test(id)) {
                for (int at = from - 1; at >= 0 && !taken[at] && isSpace(text[at]); at--) {
                    taken[at] = true;
                }
            }
            if (stripsRight.test(id)) {
                for (int at = to; at < text.length && !taken[at] && isSpace(text[at]); at++) {
                    taken[at] = true;
                }
            }
        }

        void sort() {
            Arrays.sort(accepted, 0, size);
        }
    }

    /// C's `isspace`.
    private static boolean isSpace(byte b) {
        return b == ' ' || (b >= '\t' && b <= '\r');
    }
}
