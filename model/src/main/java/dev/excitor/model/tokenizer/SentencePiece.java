package dev.excitor.model.tokenizer;

import dev.excitor.runtime.ExcitorException;
import dev.excitor.runtime.checkpoint.Metadata;
import java.util.Arrays;
import java.util.stream.IntStream;

/// SentencePiece BPE, as LLaMA 1 and 2 use it: spaces are U+2581, symbols are the characters, and of all neighbours
/// that together are a token those with the highest score merge first, the leftmost of equals. What is no token in
/// the end becomes its bytes.
///
/// Taku Kudo and John Richardson, "SentencePiece", 2018.
final class SentencePiece extends Tokenizer {
    /// U+2581, the character for a space.
    private static final byte[] SPACE = {(byte) 0xE2, (byte) 0x96, (byte) 0x81};

    private final Vocabulary vocabulary;
    private final boolean addSpacePrefix;
    private final int[] byteTokens;
    /// Whether no token has a space after another character. Then nothing merges across the beginning of a word, and
    /// words can be merged one by one, with the same result and in little memory.
    private final boolean wordsAreSeparate;

    SentencePiece(Metadata metadata) {
        this(metadata, VocabularyReader.read(metadata, true, new Vocabulary.Roles(1, 2, -1, -1, 0, -1, -1)));
    }

    private SentencePiece(Metadata metadata, Vocabulary vocabulary) {
        super(metadata, vocabulary, true);
        this.vocabulary = vocabulary;
        addSpacePrefix = metadata.bool(VocabularyReader.PREFIX + "add_space_prefix", true);
        ByteTokens.check(vocabulary);
        byteTokens = ByteTokens.find(vocabulary);
        wordsAreSeparate = IntStream.range(0, vocabulary.size())
                .filter(id -> vocabulary.type(id).isText())
                .mapToObj(vocabulary::tokenBytes)
                .allMatch(token -> endOfWord(token, 0) == token.length);
        for (int b = 0; b < byteTokens.length && vocabulary.unknown() == Vocabulary.NONE; b++) {
            if (byteTokens[b] == Vocabulary.NONE) {
                throw new ExcitorException.Mismatch(
                        VocabularyReader.TOKENS,
                        "a token for each byte, or an unknown token",
                        "neither one for byte " + b + " nor an unknown token");
            }
        }
    }

    @Override
    public String description() {
        return "SentencePiece, " + vocabulary.size() + " tokens";
    }

    @Override
    boolean addsSpacePrefix() {
        return addSpacePrefix;
    }

    @Override
    byte[] textBytes(int id) {
        byte[] token = vocabulary.tokenBytes(id);
        byte[] text = new byte[token.length];
        int length = 0;
        for (int at = 0; at < token.length; length++) {
            boolean space = isSpace(token, at);
            text[length] = space ? (byte) ' ' : token[at];
            at += space ? SPACE.length : 1;
        }
        return Arrays.copyOf(text, length);
    }

    @Override
    Encoder newEncoder(byte[] text, TokenIds tokens) {
        return (from, to, afterSpecial) -> {
            byte[] escaped = escape(text, from, to, addSpacePrefix && afterSpecial);
            Symbols symbols = new Symbols(escaped, tokens);
            for (int at = 0; at < escaped.length; ) {
                int end = wordsAreSeparate ? endOfWord(escaped, at) : escaped.length;
                symbols.encode(at, end);
                at = end;
            }
        };
    }

    /// Where the first space after another character begins, or the length.
    private static int endOfWord(byte[] text, int from) {
        int at = from;
        while (at < text.length && isSpace(text, at)) {
            at += SPACE.length;
        }
        while (at < text.length && !isSpace(text, at)) {
            at = endOfCharacter(text, at);
        }
        return at;
    }

    /// Where the character at a byte ends, by its first byte alone.
    private static int endOfCharacter(byte[] text, int at) {
        int b = text[at] & 0xFF;
        int length = b < 0xC0 ? 1 : b < 0xE0 ? 2 : b < 0xF0 ? 3 : 4;
        return Math.min(at + length, text.length);
    }

    private static boolean isSpace(byte[] text, int at) {
        return text[at] == SPACE[0]
                && at + SPACE.length <= text.length
                && text[at + 1] == SPACE[1]
                && text[at + 2] == SPACE[2];
    }

    private static byte[] escape(byte[] text, int from, int to, boolean prefix) {
        int spaces = prefix ? 1 : 0;
        for (int i = from; i < to; i++) {
            spaces += text[i] == ' ' ? 1 : 0;
        }
        byte[] escaped =
                new byte[Math.addExact(to - from + (prefix ? 1 : 0), Math.multiplyExact(spaces, SPACE.length - 1))];
        int at = 0;
        for (int i = prefix ? from - 1 : from; i < to; i++) {
            if (i < from || text[i] == ' ') {
                System.arraycopy(SPACE, 0, escaped, at, SPACE.length);
                at += SPACE.length;
            } else {
                escaped[at++] = text[i];
            }
        }
        return escaped;
    }

    /// The symbols of one word after the other: symbol i is the bytes from `starts[i]` to the start of the next
    /// symbol.
    private final class Symbols extends Merger {
        private final byte[] text;
        private final TokenIds output;
        private int[] starts = {};
        /// Where the word ends.
        private int limit;

        Symbols(byte[] text, TokenIds output) {
            this.text = text;
            this.output = output;
        }

        void encode(int from, int to) {
            limit = to;
            reserve(to - from);
            starts = starts.length < to - from ? new int[Math.max(to - from, 64)] : starts;
            int count = 0;
            for (int at = from; at < to; count++) {
                starts[count] = at;
                at = endOfCharacter(text, at);
                start(count, vocabulary.findText(text, starts[count], at));
            }
            mergeAll(count);
            for (int i = 0; i >= 0; i = next(i)) {
                if (tokenOf(i) != Vocabulary.NONE) {
                    output.add(tokenOf(i));
                } else {
                    encodeBytes(starts[i], end(i));
                }
            }
        }

        private void encodeBytes(int from, int to) {
            for (int at = from; at < to; at++) {
                int token = byteTokens[text[at] & 0xFF];
                output.add(token != Vocabulary.NONE ? token : vocabulary.unknown());
            }
        }

        private int end(int symbol) {
            return next(symbol) < 0 ? limit : starts[next(symbol)];
        }

        /// A merge is named by the token it makes.
        @Override
        int merge(int left, int right) {
            return vocabulary.findText(text, starts[left], end(right));
        }

        /// The bits of a float, turned so that integers order as the floats do, and reversed: high scores first.
        @Override
        int priority(int merge) {
            int bits = Float.floatToIntBits(vocabulary.score(merge) + 0.0f);
            return ~(bits ^ ((bits >> 31) & Integer.MAX_VALUE));
        }

        @Override
        int token(int merge) {
            return merge;
        }
    }
}
