package dev.excitor.model.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Bytes one at a time: in the small BPE vocabulary token b is byte b.
class StreamDecoderTest {
    @TempDir
    Path folder;

    private static List<String> parts(StreamDecoder decoder, int... bytes) {
        List<String> parts = new ArrayList<>();
        for (int b : bytes) {
            parts.add(decoder.accept(b));
        }
        parts.add(decoder.flush());
        return parts;
    }

    private StreamDecoder bpe() {
        return SmallVocabulary.bpe().make(folder).decoder();
    }

    @Test
    void aCharacterComesWhole() {
        assertThat(parts(bpe(), 'a', 0xC3, 0xA9, 0xE2, 0x82, 0xAC, 0xF0, 0x9F, 0x98, 0x80, 'b'))
                .containsExactly("a", "", "é", "", "", "€", "", "", "", "\uD83D\uDE00", "b", "");
    }

    @Test
    void bytesThatCannotBecomeOneAreReplacedAtOnce() {
        assertThat(parts(bpe(), 0xFF, 'a', 0x80)).containsExactly("\uFFFD", "a", "\uFFFD", "");
        assertThat(parts(bpe(), 0xE2, 0x82, 'x')).containsExactly("", "", "\uFFFDx", "");
        assertThat(parts(bpe(), 0xC3, 0xC3, 0xA9)).containsExactly("", "\uFFFD", "é", "");
    }

    @Test
    void whatIsLeftIsReplacedAtTheEnd() {
        assertThat(parts(bpe(), 'a', 0xF0, 0x9F, 0x98)).containsExactly("a", "", "", "", "\uFFFD");
        assertThat(parts(bpe())).containsExactly("");
    }

    @Test
    void afterTheEndItBeginsAnew() {
        StreamDecoder decoder = bpe();
        assertThat(parts(decoder, 0xE2, 0x82)).containsExactly("", "", "\uFFFD");
        assertThat(parts(decoder, 0xAC, 'a')).containsExactly("\uFFFD", "a", "");
    }

    @Test
    void everyCharacterByteByByte() {
        StreamDecoder decoder = bpe();
        StringBuilder text = new StringBuilder();
        StringBuilder expected = new StringBuilder();
        for (int point = 1; point <= Character.MAX_CODE_POINT; point += point < 0x10000 ? 7 : 501) {
            if (point < 0xD800 || point > 0xDFFF) {
                expected.appendCodePoint(point);
                for (byte b : Character.toString(point).getBytes(StandardCharsets.UTF_8)) {
                    text.append(decoder.accept(b & 0xFF));
                }
                assertThat(text.length()).isEqualTo(expected.length());
            }
        }
        assertThat(text.append(decoder.flush()).toString()).isEqualTo(expected.toString());
    }

    @Test
    void theSpaceBeforeATextGoesAndAContinuationKeepsIt() {
        Tokenizer tokenizer = SmallVocabulary.sentencePiece()
                .token("▁a", -1, TokenType.NORMAL)
                .make(folder);
        int[] tokens = {1, 259, 259};
        assertThat(tokenizer.decode(tokens)).isEqualTo("a a");
        assertThat(tokenizer.decode(tokens, DecodeOptions.CONTINUATION)).isEqualTo(" a a");
        assertThat(tokenizer.decode(tokens, new DecodeOptions(true, false))).isEqualTo("<s> a a");
        StreamDecoder decoder = tokenizer.decoder(DecodeOptions.TEXT);
        assertThat(parts(decoder, tokens)).containsExactly("", "a", " a", "");
        assertThat(parts(decoder, tokens)).containsExactly("", "a", " a", "");
    }

    @Test
    void tokensOfEveryType() {
        Tokenizer tokenizer = SmallVocabulary.sentencePiece()
                .token("▁user▁", 0, TokenType.USER_DEFINED)
                .token("unused", 0, TokenType.UNUSED)
                .token("▁normal▁", 0, TokenType.NORMAL)
                .make(folder);
        DecodeOptions all = new DecodeOptions(true, false);
        assertThat(tokenizer.decode(new int[] {0, 2, 3 + 'x', 259, 260, 261}, all))
                .isEqualTo("<unk></s>x▁user▁ normal ");
        assertThat(tokenizer.decode(new int[] {0, 2, 3 + 'x', 259, 260, 261}, DecodeOptions.CONTINUATION))
                .isEqualTo("x▁user▁ normal ");
    }
}
