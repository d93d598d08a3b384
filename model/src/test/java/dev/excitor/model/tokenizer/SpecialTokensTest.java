package dev.excitor.model.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

class SpecialTokensTest {
    private static final EncodeOptions PARSE = new EncodeOptions(false, true);

    @TempDir
    Path folder;

    /// The parts of a text as strings, a token as `[its text]`.
    private static List<String> parts(SpecialTokens special, TokenTexts texts, String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        List<String> parts = new ArrayList<>();
        special.partition(bytes, SpecialTokens.Where.ANYWHERE, new SpecialTokens.Sink() {
            @Override
            public void text(int from, int to) {
                parts.add(new String(bytes, from, to - from, StandardCharsets.UTF_8));
            }

            @Override
            public void token(int id) {
                parts.add("[" + new String(texts.get(id), StandardCharsets.UTF_8) + "]");
            }
        });
        return parts;
    }

    private static List<String> parts(List<String> tokens, String text) {
        TokenTexts texts = texts(tokens);
        return parts(
                new SpecialTokens(texts, IntStream.range(0, tokens.size()), id -> false, id -> false), texts, text);
    }

    private static TokenTexts texts(List<String> tokens) {
        return new TokenTexts(
                tokens.stream().map(t -> t.getBytes(StandardCharsets.UTF_8)).toList(), 42);
    }

    @Test
    void longestFirst() {
        assertThat(parts(List.of("ab", "abc"), "xabcab")).containsExactly("x", "[abc]", "[ab]");
        assertThat(parts(List.of("a", "aa"), "aaa")).containsExactly("[aa]", "[a]");
    }

    @Test
    void aLongerTokenFurtherRightWins() {
        assertThat(parts(List.of("ab", "abc", "cdef"), "abcdef")).containsExactly("[ab]", "[cdef]");
        assertThat(parts(List.of("bc", "cde"), "abcde")).containsExactly("ab", "[cde]");
    }

    @Test
    void nothingToFind() {
        assertThat(parts(List.of("zz"), "abc")).containsExactly("abc");
        assertThat(parts(List.of("zz"), "")).isEmpty();
        assertThat(parts(List.of(), "abc")).containsExactly("abc");
    }

    /// The definition: each token in turn, longest first, cuts what the ones before it left over.
    private static List<String> slowly(List<String> tokens, String text) {
        List<String> sorted = new ArrayList<>(tokens);
        sorted.sort(Comparator.comparingInt(String::length).reversed());
        List<String> parts = new ArrayList<>(List.of(text));
        for (String token : sorted) {
            List<String> finer = new ArrayList<>();
            for (String part : parts) {
                int from = 0;
                boolean isToken = part.startsWith("[");
                for (int at = part.indexOf(token); at >= 0 && !isToken; at = part.indexOf(token, from)) {
                    finer.add(part.substring(from, at));
                    finer.add("[" + token + "]");
                    from = at + token.length();
                }
                finer.add(part.substring(from));
            }
            finer.removeIf(String::isEmpty);
            parts = finer;
        }
        return parts;
    }

    @Test
    void equalsTheDefinition() {
        long seed = 20260301;
        Random random = new Random(seed);
        for (int round = 0; round < 3000; round++) {
            List<String> tokens = IntStream.range(0, 1 + random.nextInt(8))
                    .mapToObj(i -> word(random, 1 + random.nextInt(5)))
                    .distinct()
                    .toList();
            String text = word(random, random.nextInt(40));
            assertThat(parts(tokens, text))
                    .as("seed %d, round %d: %s in %s", seed, round, tokens, text)
                    .isEqualTo(slowly(tokens, text));
        }
    }

    private static String word(Random random, int length) {
        StringBuilder word = new StringBuilder();
        for (int i = 0; i < length; i++) {
            word.append((char) ('a' + random.nextInt(3)));
        }
        return word.toString();
    }

    @Test
    void whitespaceBesideStrippingTokens() {
        TokenTexts texts = texts(List.of("<l>", "<r>"));
        SpecialTokens special = new SpecialTokens(texts, IntStream.range(0, 2), id -> id == 0, id -> id == 1);
        assertThat(parts(special, texts, "a \n<l> b <r>\t c")).containsExactly("a", "[<l>]", " b ", "[<r>]", "c");
        assertThat(parts(special, texts, " <l><r> ")).containsExactly("[<l>]", "[<r>]");
    }

    @Test
    @Timeout(60)
    void manyTokensAndALongText() {
        List<String> tokens =
                IntStream.range(0, 5_000).mapToObj(i -> "<|t" + i + "|>").toList();
        String text = String.join("", tokens).repeat(40);
        assertThat(text.length()).isGreaterThan(1_500_000);
        assertThat(parts(tokens, text)).hasSize(200_000).startsWith("[<|t0|>]").endsWith("[<|t4999|>]");
    }

    @Test
    void userDefinedTokensAlwaysAndControlTokensOnlyWhenAsked() {
        Tokenizer tokenizer = SmallVocabulary.bpe()
                .token("<|ctl|>", 0, TokenType.CONTROL)
                .token("<|user|>", 0, TokenType.USER_DEFINED)
                .token("<|unk|>", 0, TokenType.UNKNOWN)
                .make(folder);
        assertThat(tokenizer.encode("<|user|>", EncodeOptions.TEXT)).containsExactly(257);
        assertThat(tokenizer.encode("<|ctl|>", EncodeOptions.TEXT)).containsExactly('<', '|', 'c', 't', 'l', '|', '>');
        assertThat(tokenizer.encode("<|unk|>", EncodeOptions.TEXT)).containsExactly('<', '|', 'u', 'n', 'k', '|', '>');
        assertThat(tokenizer.encode("<|ctl|><|user|><|unk|>", PARSE)).containsExactly(256, 257, 258);
    }

    /// A vocabulary may spell a control token with pieces that merge; the text must stay text all the same.
    @Test
    void textCannotMergeIntoAControlToken() {
        Tokenizer bpe = SmallVocabulary.bpe()
                .token("stop", 0, TokenType.CONTROL)
                .merge("s", "t")
                .merge("o", "p")
                .merge("st", "op")
                .make(folder);
        assertThat(bpe.encode("stop", EncodeOptions.TEXT)).containsExactly(257, 258);
        assertThat(bpe.encode("stop", PARSE)).containsExactly(256);
        Tokenizer spm = SmallVocabulary.sentencePiece()
                .token("<s", -1, TokenType.NORMAL)
                .token("<", -2, TokenType.NORMAL)
                .token("s", -3, TokenType.NORMAL)
                .token(">", -4, TokenType.NORMAL)
                .token("▁", -5, TokenType.NORMAL)
                .make(folder);
        assertThat(spm.encode("<s>", EncodeOptions.TEXT)).containsExactly(263, 259, 262);
        assertThat(spm.encode("<s>", PARSE)).containsExactly(1);
    }

    @Test
    void theSpacePrefixComesBackAfterASpecialToken() {
        Tokenizer tokenizer = SmallVocabulary.sentencePiece()
                .token("▁", -2, TokenType.NORMAL)
                .token("a", -1, TokenType.NORMAL)
                .make(folder);
        assertThat(tokenizer.encode("a</s>a", PARSE)).containsExactly(259, 260, 2, 259, 260);
        assertThat(tokenizer.encode("a</s>a", EncodeOptions.TEMPLATE)).containsExactly(1, 259, 260, 2, 259, 260);
        Tokenizer without = Vocabularies.make(SmallVocabulary.sentencePiece()
                .token("▁", -2, TokenType.NORMAL)
                .token("a", -1, TokenType.NORMAL)
                .writer(folder)
                .bool("tokenizer.ggml.add_space_prefix", false)
                .bool("tokenizer.ggml.add_bos_token", false)
                .bool("tokenizer.ggml.add_eos_token", true));
        assertThat(without.encode("a</s>a", EncodeOptions.TEMPLATE)).containsExactly(260, 2, 260, 2);
    }

    @Test
    void phi3TakesTheSpaceAfterItsTokens() {
        Tokenizer tokenizer = Vocabularies.make(SmallVocabulary.sentencePiece()
                .token("<|user|>", 0, TokenType.CONTROL)
                .token("a", -1, TokenType.NORMAL)
                .token("▁", -2, TokenType.NORMAL)
                .writer(folder)
                .string("general.name", "Phi-3-mini")
                .bool("tokenizer.ggml.add_space_prefix", false));
        assertThat(tokenizer.encode("<|user|> \na<s> a", PARSE)).containsExactly(259, 260, 1, 261, 260);
    }
}
