package dev.excitor.model.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.excitor.loaders.gguf.GgufType;
import dev.excitor.loaders.gguf.GgufWriter;
import dev.excitor.runtime.ExcitorException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/// Metadata that cannot be a vocabulary: each is refused with an exception that names the key and what was expected.
class HostileVocabularyTest {
    private static final String PREFIX = "tokenizer.ggml.";

    @TempDir
    Path folder;

    private GgufWriter spm(String... without) {
        return SmallVocabulary.sentencePiece().token("a", -1, TokenType.NORMAL).writer(folder, without);
    }

    private GgufWriter bpe(String... without) {
        return SmallVocabulary.bpe().merge("a", "b").merge("ab", "c").writer(folder, without);
    }

    private static void refused(GgufWriter writer, Class<? extends ExcitorException> type, String... parts) {
        assertThatThrownBy(() -> Vocabularies.make(writer)).isInstanceOf(type).hasMessageContainingAll(parts);
    }

    @Test
    void theUntouchedFilesAreSound() {
        assertThat(Vocabularies.make(spm()).encode("a", EncodeOptions.TEXT)).isNotEmpty();
        assertThat(Vocabularies.make(bpe()).encode("abc", EncodeOptions.TEXT)).containsExactly(257);
    }

    @Test
    void kindsNobodyKnows() {
        refused(
                spm("model").string(PREFIX + "model", "bert"),
                ExcitorException.Unsupported.class,
                "\"bert\"",
                PREFIX + "model",
                "llama",
                "gpt2");
        refused(
                bpe("pre").string(PREFIX + "pre", "no-such-thing"),
                ExcitorException.Unsupported.class,
                "\"no-such-thing\"",
                PREFIX + "pre",
                "llama-bpe",
                "deepseek-llm");
        refused(
                new GgufWriter(folder.resolve("empty.gguf")).string("general.architecture", "llama"),
                ExcitorException.MalformedFile.class,
                PREFIX + "model");
    }

    @Test
    void emptyVocabulary() {
        refused(
                spm("tokens").strings(PREFIX + "tokens", List.of()),
                ExcitorException.Mismatch.class,
                PREFIX + "tokens",
                "at least one token",
                "none");
        refused(
                new GgufWriter(folder.resolve("none.gguf")).string(PREFIX + "model", "llama"),
                ExcitorException.Mismatch.class,
                PREFIX + "tokens",
                "none");
    }

    @Test
    void listsOfDifferentLengths() {
        refused(
                spm("scores").floats(PREFIX + "scores", new float[259]),
                ExcitorException.Mismatch.class,
                PREFIX + "scores",
                "260 elements",
                "259 elements");
        refused(
                spm("scores").floats(PREFIX + "scores", new float[261]),
                ExcitorException.Mismatch.class,
                PREFIX + "scores",
                "261 elements");
        refused(
                spm("token_type").integers(PREFIX + "token_type", GgufType.INT32, 1, 2, 3),
                ExcitorException.Mismatch.class,
                PREFIX + "token_type",
                "260 elements",
                "3 elements");
    }

    @Test
    void valuesOfAnotherKind() {
        refused(
                spm("scores").integers(PREFIX + "scores", GgufType.UINT8, new long[260]),
                ExcitorException.MalformedFile.class,
                PREFIX + "scores");
        refused(
                spm("token_type").floats(PREFIX + "token_type", new float[260]),
                ExcitorException.MalformedFile.class,
                PREFIX + "token_type");
        refused(spm("tokens").string(PREFIX + "tokens", "a"), ExcitorException.MalformedFile.class, PREFIX + "tokens");
        refused(
                bpe("merges").integers(PREFIX + "merges", GgufType.INT32, 1, 2),
                ExcitorException.MalformedFile.class,
                PREFIX + "merges");
        refused(
                spm().string(PREFIX + "bos_token_id", "1"),
                ExcitorException.MalformedFile.class,
                PREFIX + "bos_token_id");
        refused(
                spm().uint32(PREFIX + "add_bos_token", 1),
                ExcitorException.MalformedFile.class,
                PREFIX + "add_bos_token");
    }

    @Test
    void scoresThatAreNoNumbers() {
        float[] scores = new float[260];
        scores[7] = Float.NaN;
        refused(
                spm("scores").floats(PREFIX + "scores", scores),
                ExcitorException.Mismatch.class,
                PREFIX + "scores[7]",
                "NaN");
    }

    @ParameterizedTest
    @MethodSource("idsOutside")
    void idsOutsideTheVocabulary(String role, long id) {
        refused(
                spm().int64(PREFIX + role + "_token_id", id),
                ExcitorException.Mismatch.class,
                PREFIX + role + "_token_id",
                "0 to 259",
                "found " + id);
    }

    static Stream<Arguments> idsOutside() {
        return Stream.of("bos", "eos", "eot", "eom", "unknown", "seperator", "padding", "fim_pad")
                .flatMap(role ->
                        Stream.of(260L, -2L, 1L << 31, 1L << 40, Long.MIN_VALUE).map(id -> Arguments.of(role, id)));
    }

    @Test
    void theLargestNumberMeansAbsent() {
        Vocabulary vocabulary = Vocabularies.make(
                        spm().uint32(PREFIX + "bos_token_id", 0xFFFF_FFFFL).int32(PREFIX + "eos_token_id", -1))
                .vocabulary();
        assertThat(vocabulary.bos()).isEqualTo(Vocabulary.NONE);
        assertThat(vocabulary.eos()).isEqualTo(Vocabulary.NONE);
    }

    @Test
    void aTokenThatIsToBeAddedMustExist() {
        refused(
                spm().uint32(PREFIX + "bos_token_id", 0xFFFF_FFFFL).bool(PREFIX + "add_bos_token", true),
                ExcitorException.Mismatch.class,
                PREFIX + "add_bos_token",
                PREFIX + "bos_token_id");
        refused(
                bpe().bool(PREFIX + "add_eos_token", true),
                ExcitorException.Mismatch.class,
                PREFIX + "add_eos_token",
                PREFIX + "eos_token_id");
    }

    @Test
    void duplicateTokens() {
        refused(
                SmallVocabulary.sentencePiece()
                        .token("twice", -1, TokenType.NORMAL)
                        .token("once", -1, TokenType.NORMAL)
                        .token("twice", -1, TokenType.NORMAL)
                        .writer(folder),
                ExcitorException.Mismatch.class,
                PREFIX + "tokens[261]",
                "\"twice\"",
                "token 259");
    }

    @Test
    void emptyTokensAreNeverFound() {
        Tokenizer tokenizer = SmallVocabulary.sentencePiece()
                .token("", 0, TokenType.CONTROL)
                .token("", 0, TokenType.USER_DEFINED)
                .token("", 0, TokenType.NORMAL)
                .make(folder);
        assertThat(tokenizer.vocabulary().find("")).isEqualTo(Vocabulary.NONE);
        assertThat(tokenizer.encode("", EncodeOptions.TEMPLATE)).containsExactly(1);
        assertThat(tokenizer.encode("x", new EncodeOptions(false, true))).hasSize(4);
        assertThat(tokenizer.bytes(261)).isEmpty();
    }

    @ParameterizedTest
    @MethodSource("typesOutside")
    void tokenTypesOutOfRange(long type) {
        long[] types = new long[260];
        types[9] = type;
        refused(
                spm("token_type").integers(PREFIX + "token_type", GgufType.INT64, types),
                ExcitorException.Mismatch.class,
                PREFIX + "token_type[9]",
                "0 to 6",
                "found " + type);
    }

    static Stream<Long> typesOutside() {
        return Stream.of(-1L, 7L, 1L << 32, Long.MIN_VALUE);
    }

    @ParameterizedTest
    @MethodSource("badMerges")
    void mergesThatAreNone(String merge, String why) {
        refused(
                bpe("merges").strings(PREFIX + "merges", List.of("a b", merge)),
                ExcitorException.Mismatch.class,
                PREFIX + "merges[1]",
                why);
    }

    static Stream<Arguments> badMerges() {
        String form = "two tokens with a space between them";
        return Stream.of(
                Arguments.of("", form),
                Arguments.of(" ", form),
                Arguments.of("ab", form),
                Arguments.of("a ", form),
                Arguments.of(" a", form),
                Arguments.of("nobody a", "the left is no token"),
                Arguments.of("a nobody", "the right is no token"),
                Arguments.of("b a", "both make no token"));
    }

    /// Two threads read them, and which fault is named does not depend on who was faster.
    @ParameterizedTest
    @CsvSource({"39999,", "20000,", "19999,", "0,", "5, 39999", "39998, 39999", "19999, 20000"})
    void theFirstOfManyMergesThatIsNoneIsNamed(int first, @Nullable Integer second) {
        List<String> merges = new ArrayList<>(Collections.nCopies(40_000, "a b"));
        merges.set(first, "b a");
        if (second != null) {
            merges.set(second, "a ");
        }
        refused(
                bpe("merges").strings(PREFIX + "merges", merges),
                ExcitorException.Mismatch.class,
                PREFIX + "merges[" + first + "]",
                "both make no token");
    }

    @Test
    void noMergesAtAll() {
        refused(
                new GgufWriter(folder.resolve("merges.gguf"))
                        .string(PREFIX + "model", "gpt2")
                        .string(PREFIX + "pre", "gpt-2")
                        .strings(PREFIX + "tokens", List.of("a")),
                ExcitorException.Mismatch.class,
                PREFIX + "merges",
                "nothing");
        refused(
                new GgufWriter(folder.resolve("scores.gguf"))
                        .string(PREFIX + "model", "llama")
                        .strings(PREFIX + "tokens", List.of("a")),
                ExcitorException.Mismatch.class,
                PREFIX + "scores",
                "nothing");
    }

    @Test
    void theFirstOfTwoEqualMergesCounts() {
        Tokenizer tokenizer = Vocabularies.make(SmallVocabulary.bpe()
                .merge("b", "c")
                .merge("a", "b")
                .writer(folder, "merges")
                .strings(PREFIX + "merges", List.of("a b", "b c", "a b")));
        assertThat(tokenizer.encode("abc", EncodeOptions.TEXT))
                .containsExactly(tokenizer.vocabulary().find("ab"), 'c');
    }

    @Test
    void byteTokensThatNameNoByte() {
        for (String token : List.of("<0x1>", "<0xGG>", "0x41", "<0x041>", "A")) {
            refused(
                    SmallVocabulary.sentencePiece()
                            .token(token, 0, TokenType.BYTE)
                            .writer(folder),
                    ExcitorException.Mismatch.class,
                    PREFIX + "tokens[259]",
                    "its type is byte",
                    token);
        }
    }

    @Test
    void neitherBytesNorUnknown() {
        refused(twoTokens(0xFFFF_FFFFL), ExcitorException.Mismatch.class, PREFIX + "tokens", "unknown token");
        Tokenizer tokenizer = Vocabularies.make(twoTokens(1).bool(PREFIX + "add_space_prefix", false));
        assertThat(tokenizer.encode("a?", EncodeOptions.TEXT)).containsExactly(0, 1);
    }

    private GgufWriter twoTokens(long unknown) {
        return new GgufWriter(folder.resolve("bytes.gguf"))
                .string(PREFIX + "model", "llama")
                .strings(PREFIX + "tokens", List.of("a", "b"))
                .floats(PREFIX + "scores", 0, 0)
                .uint32(PREFIX + "unknown_token_id", unknown);
    }

    @Test
    void specialTokensThatAreTooLong() {
        refused(
                SmallVocabulary.sentencePiece()
                        .token("x".repeat(SpecialTokens.MAX_LENGTH + 1), 0, TokenType.USER_DEFINED)
                        .writer(folder),
                ExcitorException.Mismatch.class,
                PREFIX + "tokens[259]",
                "at most 512 bytes",
                "513 bytes");
    }

    @Test
    void tokensThatAreNotUtf8() {
        byte[] broken = {(byte) 0xFF, 'a'};
        Tokenizer tokenizer = Vocabularies.make(new GgufWriter(folder.resolve("utf8.gguf"))
                .string(PREFIX + "model", "llama")
                .byteStrings(PREFIX + "tokens", List.of(new byte[] {'u'}, broken))
                .floats(PREFIX + "scores", 0, 0)
                .bool(PREFIX + "add_space_prefix", false)
                .bool(PREFIX + "add_bos_token", false));
        assertThat(tokenizer.bytes(1)).isEqualTo(broken);
        assertThat(tokenizer.decode(1)).isEqualTo("\uFFFDa");
    }
}
