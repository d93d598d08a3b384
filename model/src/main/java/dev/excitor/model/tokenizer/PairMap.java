package dev.excitor.model.tokenizer;

import java.util.Arrays;

/// From two non-negative numbers to one, without boxing: open addressing in two flat arrays. The first value put for
/// a pair stays.
///
/// The hash is seeded per map, so a file cannot be made whose pairs all collide.
final class PairMap {
    static final int ABSENT = -1;
    private static final long FREE = -1;
    private static final long MULTIPLIER = 0x9E37_79B9_7F4A_7C15L;

    private final long[] keys;
    private final int[] values;
    private final long seed;

    /// @param capacity how many pairs will be put at most
    PairMap(int capacity, long seed) {
        this.seed = seed;
        // at most two thirds full
        keys = new long[Integer.highestOneBit(Math.max(capacity + capacity / 2, 1)) << 1];
        values = new int[keys.length];
        Arrays.fill(keys, FREE);
    }

    void putIfAbsent(int first, int second, int value) {
        long key = key(first, second);
        int slot = slot(key);
        if (keys[slot] == FREE) {
            keys[slot] = key;
            values[slot] = value;
        }
    }

    /// The value of a pair, or [#ABSENT].
    int get(int first, int second) {
        int slot = slot(key(first, second));
        return keys[slot] == FREE ? ABSENT : values[slot];
    }

    private int slot(long key) {
        int mask = keys.length - 1;
        long mixed = key ^ seed;
        mixed = (mixed * MULTIPLIER) ^ Math.multiplyHigh(mixed, MULTIPLIER);
        int slot = (int) mixed & mask;
        while (keys[slot] != FREE && keys[slot] != key) {
            slot = (slot + 1) & mask;
        }
        return slot;
    }

    private static long key(int first, int second) {
        return ((long) first << Integer.SIZE) | second;
    }
}
