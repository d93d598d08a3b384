package dev.excitor.model.tokenizer;

import dev.excitor.runtime.ExcitorException;
import dev.excitor.runtime.checkpoint.Metadata;
import java.util.Arrays;

/// SentencePiece BPE, as LLaMA 1 and 2 use it: spaces are U+2581, symbols are the characters, and of all neighbours
/// that together are a token those with the highest score merge first, the leftmost of equals. What is no token in the
/// end becomes its bytes.
///
/// Taku Kudo and John Richardson, "SentencePiece", 2018.
final class SentencePiece extends Tokenizer {
    /// U+2581, the character for a space.
    private static final byte[] SPACE = {(byte) 0xE2, (byte) 0x96, (byte) 0x81};

    private final Vocabulary vocabulary;
    private final boolean addSpacePrefix;
    private final int[] byteTokens;

    SentencePiece(Metadata metadata) {
        this(metadata, VocabularyReader.read(metadata, true, new Vocabulary.Roles(1, 2, -1, -1, 0, -1, -1)));
    }

    private SentencePiece(Metadata metadata, Vocabulary vocabulary) {
        super(metadata, vocabulary, true);
        this.vocabulary = vocabulary;
        addSpacePrefix = metadata.bool(VocabularyReader.PREFIX + "add_space_prefix", true);
        ByteTokens.check(vocabulary);
        byteTokens = ByteTokens.find(vocabulary);
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
            boolean space = at + SPACE.length <= token.length
                    && token[at] == SPACE[0]
                    && token[at + 1] == SPACE[1]
                    && token[at + 2] == SPACE[2];
            text[length] = space ? (byte) ' ' : token[at];
            at += space ? SPACE.length : 1;
        }
        return Arrays.copyOf(text, length);
    }

    @Override
    Encoder newEncoder(byte[] text, TokenIds tokens) {
        return (from, to, afterSpecial) ->
                new Symbols(escape(text, from, to, addSpacePrefix && afterSpecial)).encode(tokens);
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

    /// The symbols of one text: symbol i is the bytes from `starts[i]` to the start of the next symbol.
    private final class Symbols extends Merger {
        private final byte[] text;
        private final int[] starts;
        private final int count;

        Symbols(byte[] text) {
            this.text = text;
            int characters = 0;
            for (int at = 0; at < text.length; at = end(at)) {
                characters++;
            }
            count = characters;
            starts = new int[count];
            reserve(count);
            int at = 0;
            for (int i = 0; i < count; i++) {
                starts[i] = at;
                at = end(at);
                tokens[i] = vocabulary.findText(text, starts[i], at);
            }
        }

        /// Where the character at a byte ends, by its first byte alone.
        private int end(int at) {
            int b = text[at] & 0xFF;
            int length = b < 0xC0 ? 1 : b < 0xE0 ? 2 : b < 0xF0 ? 3 : 4;
            return Math.min(at + length, text.length);
        }

        void encode(TokenIds output) {
            mergeAll(count);
            for (int i = 0; i >= 0; i = next(i)) {
                if (tokens[i] != Vocabulary.NONE) {
                    output.add(tokens[i]);
                } else {
                    encodeBytes(starts[i], endOf(i), output);
                }
            }
        }

        private void encodeBytes(int from, int to, TokenIds output) {
            for (int at = from; at < to; at++) {
                int token = byteTokens[text[at] & 0xFF];
                output.add(token != Vocabulary.NONE ? token : vocabulary.unknown());
            }
        }

        private int endOf(int symbol) {
            return next(symbol) < 0 ? text.length : starts[next(symbol)];
        }

        /// A merge is named by the token it makes.
        @Override
        int merge(int left, int right) {
            return vocabulary.findText(text, starts[left], endOf(right));
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
