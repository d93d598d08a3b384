package dev.excitor.model.tokenizer;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.List;

/// The bytes of every token in one array, and the way back from bytes to the token: a hash table of ids with open
/// addressing that looks spans up in place, without making a key.
///
/// The hash is seeded per table, so a file cannot be made whose tokens all collide.
final class TokenTexts {
    private static final VarHandle LONG = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
    private static final long MULTIPLIER = 0x9E37_79B9_7F4A_7C15L;

    private final byte[] bytes;
    /// Token i is `bytes[starts[i]] … bytes[starts[i + 1] - 1]`.
    private final int[] starts;
    /// id + 1, or 0 where free; the length is a power of two and at least twice the number of tokens.
    private final int[] table;
    private final long seed;
    private final int longest;
    private int duplicate = Vocabulary.NONE;

    /// @param seed any number; which one changes the speed of look-ups and never their result
    TokenTexts(List<byte[]> tokens, long seed) {
        this.seed = seed;
        starts = new int[tokens.size() + 1];
        int max = 0;
        for (int i = 0; i < tokens.size(); i++) {
            starts[i + 1] = Math.addExact(starts[i], tokens.get(i).length);
            max = Math.max(max, tokens.get(i).length);
        }
        longest = max;
        bytes = new byte[starts[tokens.size()]];
        table = new int[Integer.highestOneBit(Math.max(tokens.size(), 1)) << 2];
        for (int i = 0; i < tokens.size(); i++) {
            System.arraycopy(tokens.get(i), 0, bytes, starts[i], tokens.get(i).length);
            insert(i);
        }
    }

    /// An empty token is nothing that text could lead to: it keeps its id and is never found.
    private void insert(int id) {
        if (length(id) == 0) {
            return;
        }
        int slot = slot(bytes, starts[id], starts[id + 1]);
        if (table[slot] == 0) {
            table[slot] = id + 1;
        } else if (duplicate == Vocabulary.NONE) {
            duplicate = id;
        }
    }

    /// The first id whose bytes an earlier token has too, or [Vocabulary#NONE].
    int duplicate() {
        return duplicate;
    }

    int size() {
        return starts.length - 1;
    }

    int length(int id) {
        return starts[id + 1] - starts[id];
    }

    byte[] get(int id) {
        return Arrays.copyOfRange(bytes, starts[id], starts[id + 1]);
    }

    byte first(int id) {
        return bytes[starts[id]];
    }

    /// The length of the longest token in bytes: a longer span cannot be found.
    int longest() {
        return longest;
    }

    /// The token with exactly these bytes, or [Vocabulary#NONE].
    int find(byte[] text, int from, int to) {
        return to - from > longest || to == from ? Vocabulary.NONE : table[slot(text, from, to)] - 1;
    }

    /// The same where it is likely a given token or the next one, which are looked at first: they lie side by side,
    /// and a place in the table may be anywhere.
    ///
    /// @param likely a token
    int findFrom(int likely, byte[] text, int from, int to) {
        for (int id = likely; id < Math.min(likely + 2, size()); id++) {
            if (from != to && Arrays.equals(bytes, starts[id], starts[id + 1], text, from, to)) {
                return id;
            }
        }
        return find(text, from, to);
    }

    /// The slot that holds the span, or the free one where it would be put.
    private int slot(byte[] text, int from, int to) {
        int mask = table.length - 1;
        int slot = (int) hash(text, from, to) & mask;
        while (table[slot] != 0) {
            int id = table[slot] - 1;
            if (Arrays.equals(bytes, starts[id], starts[id + 1], text, from, to)) {
                break;
            }
            slot = (slot + 1) & mask;
        }
        return slot;
    }

    private long hash(byte[] text, int from, int to) {
        long hash = seed ^ (to - from);
        int at = from;
        for (; at <= to - Long.BYTES; at += Long.BYTES) {
            hash = mix(hash ^ (long) LONG.get(text, at));
        }
        long tail = 0;
        for (; at < to; at++) {
            tail = (tail << Byte.SIZE) | (text[at] & 0xFF);
        }
        return mix(hash ^ tail);
    }

    /// Both halves of the 128-bit product, folded: every bit of the input reaches every bit of the result.
    private static long mix(long value) {
        return (value * MULTIPLIER) ^ Math.multiplyHigh(value, MULTIPLIER);
    }
}
