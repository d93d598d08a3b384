package dev.excitor.model.arch;

/// Tokens of one session that go through the model together: a piece of a prompt, or the one token of a decode step.
///
/// Filled in place, so that a decode step allocates nothing.
public final class Batch {

    private final int[] tokens;
    private int size;

    public Batch(int capacity) {
        tokens = new int[capacity];
    }

    public void set(int[] source, int from, int count) {
        System.arraycopy(source, from, tokens, 0, count);
        size = count;
    }

    public int capacity() {
        return tokens.length;
    }

    /// n, tokens in use.
    public int size() {
        return size;
    }

    public int token(int i) {
        return tokens[i];
    }
}
