package dev.excitor.cli.chat;

import java.util.function.Consumer;

/// Passes a text that comes in pieces on without the white space around it. Inside, white space waits for what
/// follows it.
public final class Trimmed implements Consumer<String> {

    private final Consumer<String> target;
    private final StringBuilder space = new StringBuilder();
    private boolean begun;

    public Trimmed(Consumer<String> target) {
        this.target = target;
    }

    @Override
    public void accept(String piece) {
        String text = piece.stripTrailing();
        if (!text.isEmpty()) {
            target.accept(begun ? space + text : text.stripLeading());
            space.setLength(0);
            begun = true;
        }
        space.append(piece, text.length(), piece.length());
    }
}
