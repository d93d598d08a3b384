package dev.excitor.model.tokenizer;

import dev.excitor.runtime.ExcitorException;
import java.util.HexFormat;
import java.util.Locale;

/// Tokens written `<0x0A>` that stand for one byte.
final class ByteTokens {
    private static final int LENGTH = "<0x0A>".length();

    private ByteTokens() {}

    /// The token for each of the 256 bytes, [Vocabulary#NONE] where the vocabulary has none: the one written
    /// `<0x0A>`, otherwise the one that is that byte.
    static int[] find(Vocabulary vocabulary) {
        int[] tokens = new int[256];
        for (int b = 0; b < 256; b++) {
            int id = vocabulary.find(String.format(Locale.ROOT, "<0x%02X>", b));
            tokens[b] = id != Vocabulary.NONE ? id : vocabulary.findText(new byte[] {(byte) b}, 0, 1);
        }
        return tokens;
    }

    /// The byte that a byte token's text names, or -1.
    static int parse(byte[] token) {
        boolean framed = token.length == LENGTH
                && token[0] == '<'
                && token[1] == '0'
                && token[2] == 'x'
                && HexFormat.isHexDigit(token[3])
                && HexFormat.isHexDigit(token[4])
                && token[5] == '>';
        return framed ? HexFormat.fromHexDigit(token[3]) * 16 + HexFormat.fromHexDigit(token[4]) : -1;
    }

    /// Checks that every token of type byte names one.
    static void check(Vocabulary vocabulary) {
        for (int id = 0; id < vocabulary.size(); id++) {
            if (vocabulary.type(id) == TokenType.BYTE && parse(vocabulary.tokenBytes(id)) < 0) {
                throw new ExcitorException.Mismatch(
                        VocabularyReader.at(VocabularyReader.TOKENS, id),
                        "<0x00> to <0xFF>, as its type is byte",
                        VocabularyReader.quote(vocabulary.tokenBytes(id)));
            }
        }
    }
}
