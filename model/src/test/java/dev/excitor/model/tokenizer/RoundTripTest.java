package dev.excitor.model.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

/// Text to tokens to text, on the real vocabularies.
class RoundTripTest {
    private static final long SEED = 20260303;
    private static final int STRINGS = 10_000;

    /// A character for a space in the vocabulary of LLaMA: it comes back as one.
    private static final int LOWER_ONE_EIGHTH_BLOCK = 0x2581;

    @Test
    void sentencePiece() {
        roundTrips(Vocabularies.llamaSpm(), true);
    }

    @Test
    void bpe() {
        roundTrips(Vocabularies.llamaBpe(), false);
    }

    private static void roundTrips(Tokenizer tokenizer, boolean blockIsSpace) {
        Random random = new Random(SEED);
        for (int i = 0; i < STRINGS; i++) {
            String text = randomText(random);
            int[] tokens = tokenizer.encode(text, EncodeOptions.TEXT);
            String expected = blockIsSpace ? text.replace((char) LOWER_ONE_EIGHTH_BLOCK, ' ') : text;
            assertThat(tokenizer.decode(tokens))
                    .as("seed %d, string %d", SEED, i)
                    .isEqualTo(expected);
            assertThat(streamed(tokenizer, tokens, DecodeOptions.TEXT))
                    .as("seed %d, string %d, streamed", SEED, i)
                    .isEqualTo(expected);
            int[] withBos = tokenizer.encode(text, EncodeOptions.PROMPT);
            assertThat(withBos[0]).isEqualTo(tokenizer.vocabulary().bos());
            assertThat(tokenizer.decode(withBos))
                    .as("seed %d, string %d, BOS", SEED, i)
                    .isEqualTo(expected);
        }
    }

    /// Up to 40 code points of all Unicode, letters and spaces being as frequent as all the rest.
    private static String randomText(Random random) {
        int length = random.nextInt(41);
        StringBuilder text = new StringBuilder();
        while (text.length() < length) {
            int point = random.nextBoolean()
                    ? " \n\t'abcdefghijklmnopqrstuvwxyzEST0123456789.,!?<|>".charAt(random.nextInt(50))
                    : random.nextInt(random.nextBoolean() ? 0x3000 : Character.MAX_CODE_POINT + 1);
            if (!Character.isValidCodePoint(point) || (point >= 0xD800 && point <= 0xDFFF)) {
                continue;
            }
            text.appendCodePoint(point);
        }
        return text.toString();
    }

    /// Decodes one by one; no part may hold half a character.
    private static String streamed(Tokenizer tokenizer, int[] tokens, DecodeOptions options) {
        StreamDecoder decoder = tokenizer.decoder(options);
        StringBuilder text = new StringBuilder();
        for (int token : tokens) {
            String part = decoder.accept(token);
            if (!part.isEmpty()) {
                assertThat(Character.isHighSurrogate(part.charAt(part.length() - 1)))
                        .isFalse();
            }
            text.append(part);
        }
        return text.append(decoder.flush()).toString();
    }

    /// Any ids in any order are some bytes; streamed they give what the bytes give as a whole.
    @Test
    void randomTokens() {
        for (Tokenizer tokenizer : new Tokenizer[] {Vocabularies.llamaSpm(), Vocabularies.llamaBpe()}) {
            Random random = new Random(SEED);
            for (int i = 0; i < 2_000; i++) {
                int[] tokens = random.ints(random.nextInt(30), 0, 600).toArray();
                ByteArrayOutputStream bytes = new ByteArrayOutputStream();
                Arrays.stream(tokens).forEach(token -> bytes.writeBytes(tokenizer.bytes(token)));
                String expected = bytes.toString(StandardCharsets.UTF_8);
                assertThat(streamed(tokenizer, tokens, DecodeOptions.CONTINUATION))
                        .as("seed %d, round %d: %s", SEED, i, Arrays.toString(tokens))
                        .isEqualTo(expected);
                assertThat(tokenizer.decode(tokens, DecodeOptions.CONTINUATION)).isEqualTo(expected);
            }
        }
    }
}
