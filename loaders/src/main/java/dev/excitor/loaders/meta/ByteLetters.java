package dev.excitor.loaders.meta;

/// The letters in which byte-level BPE writes bytes, so that every token is readable text: bytes that print stand for
/// themselves, the others, in order, are the characters from U+0100 on.
///
/// Alec Radford et al., "Language Models are Unsupervised Multitask Learners" (GPT-2), 2019.
final class ByteLetters {

    private static final char[] LETTERS = new char[256];

    static {
        char other = 0x100;
        for (int b = 0; b < LETTERS.length; b++) {
            boolean prints = (b >= '!' && b <= '~') || (b >= 0xa1 && b <= 0xac) || b >= 0xae;
            LETTERS[b] = prints ? (char) b : other++;
        }
    }

    private ByteLetters() {}

    static String write(byte[] bytes, int from, int to) {
        var text = new StringBuilder(to - from);
        for (int i = from; i < to; i++) {
            text.append(LETTERS[bytes[i] & 0xff]);
        }
        return text.toString();
    }
}
