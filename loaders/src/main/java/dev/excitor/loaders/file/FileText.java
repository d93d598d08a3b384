package dev.excitor.loaders.file;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/// Text out of a hostile file, on its way into a message or a look-up.
public final class FileText {

    private static final int SHOWN = 60;

    private FileText() {}

    /// Quoted and on one line: control characters (a terminal would obey them) are escaped, the rest is cut after 60
    /// characters.
    public static String quote(String text) {
        var quoted = new StringBuilder("'");
        int end = text.length() <= SHOWN ? text.length() : SHOWN;
        for (int i = 0; i < end; i++) {
            char c = text.charAt(i);
            switch (c) {
                case '\n' -> quoted.append("\\n");
                case '\r' -> quoted.append("\\r");
                case '\t' -> quoted.append("\\t");
                default -> {
                    if (isUnprintable(c)) {
                        quoted.append("\\u%04x".formatted((int) c));
                    } else {
                        quoted.append(c);
                    }
                }
            }
        }
        if (end < text.length()) {
            quoted.append("…");
        }
        return quoted.append('\'').toString();
    }

    private static boolean isUnprintable(char c) {
        return switch (Character.getType(c)) {
            case Character.CONTROL,
                    Character.FORMAT,
                    Character.LINE_SEPARATOR,
                    Character.PARAGRAPH_SEPARATOR,
                    Character.SURROGATE -> true;
            default -> false;
        };
    }

    /// The text, or empty where the bytes are not UTF-8.
    public static Optional<String> strictUtf8(byte[] bytes, int from, int length) {
        try {
            return Optional.of(StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(bytes, from, length))
                    .toString());
        } catch (CharacterCodingException notUtf8) {
            return Optional.empty();
        }
    }
}
