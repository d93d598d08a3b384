package dev.excitor.model.tokenizer;

import java.util.Arrays;

/// The merge loop both kinds of tokenizers share: symbols in a chain, the best pair of neighbours becomes one symbol,
/// and
/// so on until no pair can be merged. What a pair becomes and which is best is the subclass's.
///
/// The order is that of llama.cpp: by priority, then from left to right. A heap of (priority, left symbol) gives
/// O(n log n) for n symbols, also for one word of ten million letters. An entry of the heap is stale when its left
/// symbol
/// is gone or has another pair by now; it is recognised when it comes up.
abstract class Merger {
    /// A pair that cannot be merged.
    static final int NO_MERGE = -1;

    private static final int GONE = -2;

    private final LongHeap heap = new LongHeap();
    /// The neighbours of each symbol, or -1.
    private int[] previous = {};

    private int[] next = {};
    /// What each symbol and its right neighbour could become, [#NO_MERGE], or [#GONE] when the symbol was merged away.
    private int[] merges = {};

    /// The token each symbol is, or [Vocabulary#NONE]: set for the single symbols before [#mergeAll], and the result
    /// after.
    int[] tokens = {};

    /// What a symbol and its right neighbour become, or [#NO_MERGE].
    abstract int merge(int left, int right);

    /// The smaller, the earlier; two merges of equal priority go from left to right.
    abstract int priority(int merge);

    /// The token that a merge makes.
    abstract int token(int merge);

    /// Makes room for so many symbols.
    void reserve(int symbols) {
        if (tokens.length < symbols) {
            int capacity = Math.max(symbols, 64);
            previous = new int[capacity];
            next = new int[capacity];
            merges = new int[capacity];
            tokens = Arrays.copyOf(tokens, capacity);
        }
    }

    /// The symbol after this one, or -1.
    final int next(int symbol) {
        return next[symbol];
    }

    /// Merges the first `symbols` symbols; then those that are left start at 0 and follow [#next].
    final void mergeAll(int symbols) {
        for (int i = 0; i < symbols; i++) {
            previous[i] = i - 1;
            next[i] = i + 1 < symbols ? i + 1 : -1;
        }
        for (int i = 0; i < symbols; i++) {
            offer(i);
        }
        while (!heap.isEmpty()) {
            long entry = heap.poll();
            int left = (int) entry;
            int merge = merges[left];
            if (merge < 0 || entry(merge, left) != entry) {
                continue;
            }
            int right = next[left];
            int after = next[right];
            tokens[left] = token(merge);
            merges[right] = GONE;
            next[left] = after;
            if (after >= 0) {
                previous[after] = left;
            }
            if (previous[left] >= 0) {
                offer(previous[left]);
            }
            offer(left);
        }
    }

    private void offer(int left) {
        int right = next[left];
        int merge = right < 0 ? NO_MERGE : merge(left, right);
        merges[left] = merge;
        if (merge >= 0) {
            heap.add(entry(merge, left));
        }
    }

    private long entry(int merge, int left) {
        return ((long) priority(merge) << Integer.SIZE) | left;
    }
}
