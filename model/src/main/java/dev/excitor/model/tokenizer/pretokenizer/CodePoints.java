package dev.excitor.model.tokenizer.pretokenizer;

/// A text as code points with their kinds.
///
/// UTF-8 is read as llama.cpp reads it: a byte that does not begin a sequence, or whose sequence is cut, is U+FFFD
/// alone; overlong forms and surrogates count as the number they encode.
public final class CodePoints {
    private static final int REPLACEMENT = 0xFFFD;

    private final int[] points;
    private final byte[] kinds;
    private final int size;

    private CodePoints(int[] points, byte[] kinds, int size) {
        this.points = points;
        this.kinds = kinds;
        this.size = size;
    }

    /// Reads bytes `from` to `to` of a text.
    public static CodePoints of(byte[] text, int from, int to) {
        int[] points = new int[to - from];
        byte[] kinds = new byte[to - from];
        int size = 0;
        for (int at = from; at < to; size++) {
            int lead = text[at] & 0xFF;
            int length = lead < 0x80 ? 1 : lead < 0xC0 ? 0 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : lead < 0xF8 ? 4 : 0;
            int point = length > 1 ? sequence(text, at, length, to) : length == 1 ? lead : REPLACEMENT;
            boolean broken = point < 0 || point > Character.MAX_CODE_POINT;
            points[size] = broken ? REPLACEMENT : point;
            kinds[size] = CharKind.of(points[size]);
            at += broken || length == 0 ? 1 : length;
        }
        return new CodePoints(points, kinds, size);
    }

    /// The code point of a sequence of two to four bytes, or -1 when one of them is no continuation.
    private static int sequence(byte[] text, int at, int length, int to) {
        if (at + length > to) {
            return -1;
        }
        int point = text[at] & (0x7F >> length);
        for (int i = 1; i < length; i++) {
            if ((text[at + i] & 0xC0) != 0x80) {
                return -1;
            }
            point = (point << 6) | (text[at + i] & 0x3F);
        }
        return point;
    }

    public int size() {
        return size;
    }

    /// How many bytes a code point takes in UTF-8.
    public int utf8Length(int at) {
        int point = points[at];
        return point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
    }

    /// The text in UTF-8 again.
    public byte[] utf8() {
        int total = 0;
        for (int i = 0; i < size; i++) {
            total += utf8Length(i);
        }
        byte[] bytes = new byte[total];
        int at = 0;
        for (int i = 0; i < size; i++) {
            int length = utf8Length(i);
            int point = points[i];
            if (length == 1) {
                bytes[at] = (byte) point;
            } else {
                for (int j = length - 1; j > 0; j--) {
                    bytes[at + j] = (byte) (0x80 | (point & 0x3F));
                    point >>= 6;
                }
                bytes[at] = (byte) ((0xF00 >> length) | point);
            }
            at += length;
        }
        return bytes;
    }

    int point(int at) {
        return points[at];
    }

    /// The code point at a place before `to`, or -1.
    int point(int at, int to) {
        return at < to ? points[at] : -1;
    }

    byte kind(int at) {
        return kinds[at];
    }

    /// The kind of the character at a place before `to`, or [CharKind#END].
    byte kind(int at, int to) {
        return at < to ? kinds[at] : CharKind.END;
    }

    /// Where the run of one kind that begins at a place ends.
    int endOfRun(int from, int to, byte kind) {
        int at = from;
        while (at < to && kinds[at] == kind) {
            at++;
        }
        return at;
    }

    /// Where the run of `[^\s\p{L}\p{N}]` that begins at a place ends.
    int endOfOthers(int from, int to) {
        int at = from;
        while (at < to && isOther(kinds[at])) {
            at++;
        }
        return at;
    }

    /// `[^\s\p{L}\p{N}]`
    static boolean isOther(byte kind) {
        return kind > CharKind.SPACE;
    }
}
