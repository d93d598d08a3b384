package dev.excitor.model.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// Texts that come from strangers.
class HostileTextTest {
    private static final int TEN_MEGABYTES = 10_000_000;
    private static final EncodeOptions PARSE = new EncodeOptions(false, true);

    @TempDir
    Path folder;

    @Test
    void empty() {
        for (Tokenizer tokenizer : new Tokenizer[] {Vocabularies.llamaSpm(), Vocabularies.llamaBpe()}) {
            assertThat(tokenizer.encode("", EncodeOptions.TEXT)).isEmpty();
            assertThat(tokenizer.encode("", EncodeOptions.PROMPT))
                    .containsExactly(tokenizer.vocabulary().bos());
            assertThat(tokenizer.decode()).isEmpty();
        }
    }

    @Test
    void loneSurrogatesAreReplaced() {
        for (Tokenizer tokenizer : new Tokenizer[] {Vocabularies.llamaSpm(), Vocabularies.llamaBpe()}) {
            for (String lone : new String[] {"\uD800", "a\uDC00b", "\uDC00\uD800", "\uD83D\uD83D\uDE00"}) {
                String replaced = lone.replaceAll(
                        "[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]", "\uFFFD");
                assertThat(tokenizer.encode(lone, EncodeOptions.TEXT))
                        .isEqualTo(tokenizer.encode(replaced, EncodeOptions.TEXT));
                assertThat(tokenizer.decode(tokenizer.encode(lone, EncodeOptions.TEXT)))
                        .isEqualTo(replaced)
                        .contains("\uFFFD");
            }
        }
    }

    @Test
    void invalidUtf8() {
        Tokenizer spm = Vocabularies.llamaSpm();
        Tokenizer bpe = Vocabularies.llamaBpe();
        Random random = new Random(20260305);
        for (int round = 0; round < 500; round++) {
            byte[] text = new byte[random.nextInt(50)];
            for (int i = 0; i < text.length; i++) {
                // No space: after a byte that only begins a character, U+2581 is taken for its rest and stays bytes.
                int b = random.nextInt(255);
                text[i] = (byte) (b < ' ' ? b : b + 1);
            }
            int[] tokens = spm.encode(text, EncodeOptions.TEXT);
            byte[] back = new byte[0];
            for (int token : tokens) {
                byte[] bytes = spm.bytes(token);
                back = Arrays.copyOf(back, back.length + bytes.length);
                System.arraycopy(bytes, 0, back, back.length - bytes.length, bytes.length);
            }
            assertThat(new String(back, StandardCharsets.ISO_8859_1))
                    .isEqualTo(text.length == 0 ? "" : " " + new String(text, StandardCharsets.ISO_8859_1));
        }
        byte[] stray = {'a', (byte) 0xFF, (byte) 0xE2, (byte) 0x96, 'b'};
        assertThat(bpe.encode(stray, EncodeOptions.TEXT))
                .isEqualTo(bpe.encode("a\uFFFD\uFFFD\uFFFDb", EncodeOptions.TEXT));
    }

    /// The text of every control token, with and without something around it, in both real vocabularies.
    @Test
    void controlTokensInUserTextStayText() {
        for (Tokenizer tokenizer : new Tokenizer[] {Vocabularies.llamaSpm(), Vocabularies.llamaBpe()}) {
            Vocabulary vocabulary = tokenizer.vocabulary();
            int[] special = IntStream.range(0, vocabulary.size())
                    .filter(id -> vocabulary.type(id) == TokenType.CONTROL || vocabulary.type(id) == TokenType.UNKNOWN)
                    .toArray();
            assertThat(special).hasSizeGreaterThanOrEqualTo(3);
            for (int id : special) {
                String text = vocabulary.token(id);
                for (String user : new String[] {text, "a" + text, text + " b", text + text}) {
                    int[] tokens = tokenizer.encode(user, EncodeOptions.TEXT);
                    assertThat(tokens).doesNotContain(special);
                    assertThat(tokenizer.decode(tokens)).isEqualTo(user);
                }
                assertThat(tokenizer.encode(text, PARSE)).containsExactly(id);
            }
        }
    }

    @Test
    void byteTokensInUserTextStayText() {
        Tokenizer spm = Vocabularies.llamaSpm();
        assertThat(spm.decode(spm.encode("<0x41><0x0A>", EncodeOptions.TEMPLATE)))
                .isEqualTo("<0x41><0x0A>");
    }

    @Test
    void onlySpecialTokens() {
        Tokenizer spm = Vocabularies.llamaSpm();
        int[] tokens = spm.encode("</s>".repeat(1000), PARSE);
        assertThat(tokens).hasSize(1000).containsOnly(2);
        assertThat(spm.decode(tokens)).isEmpty();
        assertThat(spm.decode(tokens, new DecodeOptions(true, true))).isEqualTo("</s>".repeat(1000));
    }

    private static void encodes(Tokenizer tokenizer, byte[] text) {
        int[] tokens = tokenizer.encode(text, EncodeOptions.TEMPLATE);
        int bytes = Arrays.stream(tokens)
                .map(token -> tokenizer.bytes(token).length)
                .sum();
        assertThat(bytes).isBetween(text.length, text.length + 1);
    }

    private static byte[] letters() {
        Random random = new Random(20260306);
        byte[] text = new byte[TEN_MEGABYTES];
        for (int i = 0; i < text.length; i++) {
            text[i] = (byte) ('a' + random.nextInt(26));
        }
        return text;
    }

    private static byte[] repeated(String unit) {
        return unit.repeat(TEN_MEGABYTES / unit.length()).getBytes(StandardCharsets.UTF_8);
    }

    /// One word of ten million letters: a merge that searched the whole word for each pair would need weeks.
    @Test
    @Timeout(60)
    void tenMegabytesOfLettersInBpe() {
        encodes(Vocabularies.llamaBpe(), letters());
    }

    @Test
    @Timeout(60)
    void tenMegabytesOfOneLetterInBpe() {
        encodes(Vocabularies.llamaBpe(), repeated("a"));
    }

    @Test
    @Timeout(60)
    void tenMegabytesOfSpacesInSentencePiece() {
        encodes(Vocabularies.llamaSpm(), repeated(" "));
    }

    @Test
    @Timeout(60)
    void tenMegabytesOfProse() {
        String prose = "The quick brown fox jumps over 12345 lazy dogs, and it's already late. ";
        encodes(Vocabularies.llamaBpe(), repeated(prose));
        encodes(Vocabularies.llamaSpm(), repeated(prose));
    }

    @Test
    @Timeout(60)
    void tenMegabytesOfControlTokens() {
        Tokenizer tokenizer = SmallVocabulary.sentencePiece().make(folder);
        String text = "<s></s".repeat(TEN_MEGABYTES / 6);
        int[] tokens = tokenizer.encode(text, PARSE);
        assertThat(Arrays.stream(tokens).filter(token -> token == 1).count()).isEqualTo(TEN_MEGABYTES / 6);
    }
}
