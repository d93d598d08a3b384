package dev.excitor.runtime.asm;

/// A place in the code: bound once, by [Assembler#bind], and referred to before or after.
public final class Label {

    private int position = -1;

    boolean isBound() {
        return position >= 0;
    }

    int position() {
        if (position < 0) {
            throw new IllegalStateException("a label is referred to and was never bound");
        }
        return position;
    }

    void bind(int at) {
        if (position >= 0) {
            throw new IllegalStateException("a label is bound twice");
        }
        position = at;
    }
}
