package dev.excitor.cli.chat;

/// Messages of several lines: a backslash at the end of a line continues it, and everything between `"""` and
/// `"""` is one message.
public final class MultiLine {

    private static final String FENCE = "\"\"\"";
    private static final String CONTINUED = "\\";

    private MultiLine() {}

    /// Whether what was typed so far, with `\n` between its lines, is a whole message.
    public static boolean isComplete(String typed) {
        if (isFenced(typed) && typed.strip().length() < 2 * FENCE.length()) {
            return false;
        }
        return isLastLine(typed, isFenced(typed));
    }

    /// Whether a message begins with `"""`, by its first line.
    static boolean isFenced(String first) {
        return first.stripLeading().startsWith(FENCE);
    }

    /// Whether a line after the first ends the message.
    static boolean isLastLine(String line, boolean fenced) {
        return fenced ? line.stripTrailing().endsWith(FENCE) : !line.endsWith(CONTINUED);
    }

    /// The message that was typed, without what held its lines together. A fence that was never closed ends with
    /// the input.
    public static String message(String typed) {
        if (!isFenced(typed)) {
            return typed.replace(CONTINUED + "\n", "\n");
        }
        String stripped = typed.strip();
        int end = isComplete(typed) ? stripped.length() - FENCE.length() : stripped.length();
        String inside = stripped.substring(FENCE.length(), end);
        int from = inside.startsWith("\n") ? 1 : 0;
        int to = inside.length() - (inside.endsWith("\n") && inside.length() > from ? 1 : 0);
        return inside.substring(from, to);
    }
}
