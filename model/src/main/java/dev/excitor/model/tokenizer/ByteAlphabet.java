package dev.excitor.model.tokenizer;

import java.util.Arrays;

/// The alphabet of byte-level BPE: each of the 256 bytes as a visible character, so that tokens are readable text.
/// The bytes that print stand for themselves; the others, in order, are the characters from U+0100 on (a space is Ġ).
///
/// Alec Radford et al., "Language Models are Unsupervised Multitask Learners" (GPT-2), 2019.
final class ByteAlphabet {
    private static final int FIRST_OTHER = 0x100;
    private static final int[] CHARACTER_OF_BYTE = new int[256];
    /// The byte of each character below U+0180, or -1.
    private static final int[] BYTE_OF_CHARACTER = new int[FIRST_OTHER + 0x80];

    static {
        Arrays.fill(BYTE_OF_CHARACTER, -1);
        int other = FIRST_OTHER;
        for (int b = 0; b < 256; b++) {
            CHARACTER_OF_BYTE[b] = prints(b) ? b : other++;
            BYTE_OF_CHARACTER[CHARACTER_OF_BYTE[b]] = b;
        }
    }

    private ByteAlphabet() {}

    private static boolean prints(int b) {
        return (b >= '!' && b <= '~') || (b >= '¡' && b <= '¬') || b >= '®';
    }

    /// Writes bytes in the alphabet, as UTF-8: one or two bytes for each.
    ///
    /// @param target at least twice as long as the span
    /// @return how many bytes were written
    static int write(byte[] bytes, int from, int to, byte[] target) {
        int length = 0;
        for (int at = from; at < to; at++) {
            int character = CHARACTER_OF_BYTE[bytes[at] & 0xFF];
            if (character < 0x80) {
                target[length++] = (byte) character;
            } else {
                target[length++] = (byte) (0xC0 | (character >> 6));
                target[length++] = (byte) (0x80 | (character & 0x3F));
            }
        }
        return length;
    }

    /// The bytes that a token in the alphabet stands for. What is not in the alphabet stands for itself.
    static byte[] read(byte[] token) {
        byte[] bytes = new byte[token.length];
        int length = 0;
        for (int at = 0; at < token.length; ) {
            int lead = token[at] & 0xFF;
            boolean two = (lead & 0xE0) == 0xC0 && at + 1 < token.length && (token[at + 1] & 0xC0) == 0x80;
            int character = two ? ((lead & 0x1F) << 6) | (token[at + 1] & 0x3F) : lead;
            int value =
                    two || lead < 0x80 ? character < BYTE_OF_CHARACTER.length ? BYTE_OF_CHARACTER[character] : -1 : -1;
            int size = two ? 2 : 1;
            if (value >= 0) {
                bytes[length++] = (byte) value;
            } else {
                System.arraycopy(token, at, bytes, length, size);
                length += size;
            }
            at += size;
        }
        return Arrays.copyOf(bytes, length);
    }
}
