package dev.excitor.model.tokenizer;

/// The merge loop both kinds of tokenizers share: symbols in a chain, the best pair of neighbours becomes one symbol,
/// and so on until no pair can be merged. What a pair becomes and which is best is the subclass's.
///
/// The order is that of llama.cpp: by priority, then from left to right. A heap of (priority, left symbol) gives O(n
/// log n) for n symbols, also for one word of ten million letters. An entry of the heap is stale when its left symbol
/// is gone or has another pair by now; it is recognised when it comes up.
abstract class Merger {
    /// A pair that cannot be merged.
    static final int NO_MERGE = -1;

    private static final int GONE = -2;

    /// What is kept of a symbol, side by side so that it shares a cache line: the neighbours or -1, what it and its
    /// right neighbour could become, [#NO_MERGE] or [#GONE] when it was merged away, and the token it is.
    private static final int PREVIOUS = 0;

    private static final int NEXT = 1;
    private static final int MERGE = 2;
    private static final int TOKEN = 3;
    private static final int FIELDS = 4;

    private final LongHeap heap = new LongHeap();
    private int[] symbols = {};

    /// What a symbol and its right neighbour become, or [#NO_MERGE].
    abstract int merge(int left, int right);

    /// The smaller, the earlier; two merges of equal priority go from left to right.
    abstract int priority(int merge);

    /// The token that a merge makes.
    abstract int token(int merge);

    /// Makes room for so many symbols, all of which are forgotten.
    void reserve(int count) {
        if (symbols.length < Math.multiplyExact(count, FIELDS)) {
            symbols = new int[Math.max(count, 64) * FIELDS];
        }
    }

    /// The token a symbol is, or [Vocabulary#NONE].
    final int tokenOf(int symbol) {
        return symbols[symbol * FIELDS + TOKEN];
    }

    /// The symbol after this one, or -1.
    final int next(int symbol) {
        return symbols[symbol * FIELDS + NEXT];
    }

    /// Says what a symbol is before the merging; [Vocabulary#NONE] if no token.
    final void start(int symbol, int token) {
        symbols[symbol * FIELDS + TOKEN] = token;
    }

    /// Merges the first `count` symbols; then those that are left start at 0 and follow [#next].
    final void mergeAll(int count) {
        for (int i = 0; i < count; i++) {
            symbols[i * FIELDS + PREVIOUS] = i - 1;
            symbols[i * FIELDS + NEXT] = i + 1 < count ? i + 1 : -1;
        }
        for (int i = 0; i < count; i++) {
            offer(i);
        }
        while (!heap.isEmpty()) {
            long entry = heap.poll();
            int left = (int) entry;
            int merge = symbols[left * FIELDS + MERGE];
            if (merge < 0 || entry(merge, left) != entry) {
                continue;
            }
            int right = next(left);
            int after = next(right);
            symbols[left * FIELDS + TOKEN] = token(merge);
            symbols[left * FIELDS + NEXT] = after;
            symbols[right * FIELDS + MERGE] = GONE;
            if (after >= 0) {
                symbols[after * FIELDS + PREVIOUS] = left;
            }
            int before = symbols[left * FIELDS + PREVIOUS];
            if (before >= 0) {
                offer(before);
            }
            offer(left);
        }
    }

    private void offer(int left) {
        int right = next(left);
        int merge = right < 0 ? NO_MERGE : merge(left, right);
        symbols[left * FIELDS + MERGE] = merge;
        if (merge >= 0) {
            heap.add(entry(merge, left));
        }
    }

    private long entry(int merge, int left) {
        return ((long) priority(merge) << Integer.SIZE) | left;
    }
}
