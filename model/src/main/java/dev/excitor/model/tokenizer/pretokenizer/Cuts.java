package dev.excitor.model.tokenizer.pretokenizer;

import java.util.Arrays;

/// Where the pieces of a text end, in order, without gaps.
public final class Cuts {
    private int[] ends = new int[64];
    private int size;

    public int size() {
        return size;
    }

    /// Where piece i ends; it begins where piece i - 1 ends.
    public int end(int i) {
        return ends[i];
    }

    /// Ends a piece. Nothing happens when it would be empty.
    void add(int end) {
        if (end == (size == 0 ? 0 : ends[size - 1])) {
            return;
        }
        if (size == ends.length) {
            ends = Arrays.copyOf(ends, Math.multiplyExact(size, 2));
        }
        ends[size++] = end;
    }
}
