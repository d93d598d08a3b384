package dev.excitor.model.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/// llama.cpp's own cases: texts in NAME.inp, their tokens without BOS in NAME.out, line by line. The empty text after
/// the last separator is a case too; it has no line and no tokens.
class LlamaCppCasesTest {
    private static final String SEPARATOR = "\n__ggml_vocab_test__\n";

    static Stream<Arguments> spm() throws IOException {
        return cases("ggml-vocab-llama-spm.gguf");
    }

    static Stream<Arguments> bpe() throws IOException {
        return cases("ggml-vocab-llama-bpe.gguf");
    }

    @ParameterizedTest
    @MethodSource("spm")
    void sentencePiece(Tokenizer tokenizer, String text, int[] expected) {
        assertThat(tokenizer.encode(text, EncodeOptions.TEXT)).containsExactly(expected);
    }

    @ParameterizedTest
    @MethodSource("bpe")
    void bpe(Tokenizer tokenizer, String text, int[] expected) {
        assertThat(tokenizer.encode(text, EncodeOptions.TEXT)).containsExactly(expected);
    }

    /// A text and the tokens that it must give.
    record Case(String text, int[] tokens) {}

    private static Stream<Arguments> cases(String name) throws IOException {
        Path file = Vocabularies.shared(name);
        Tokenizer tokenizer = Vocabularies.open(file);
        return read(file).map(one -> Arguments.of(tokenizer, one.text(), one.tokens()));
    }

    /// The cases beside a vocabulary.
    static Stream<Case> read(Path file) throws IOException {
        String name = String.valueOf(file.getFileName());
        String[] texts = Files.readString(file.resolveSibling(name + ".inp"), StandardCharsets.UTF_8)
                .split(SEPARATOR, -1);
        List<String> lines =
                new ArrayList<>(Files.readAllLines(file.resolveSibling(name + ".out"), StandardCharsets.UTF_8));
        lines.add("");
        assertThat(texts).as("texts of " + name).hasSize(47).hasSameSizeAs(lines);
        return Stream.iterate(0, i -> i + 1).limit(texts.length).map(i -> new Case(texts[i], ids(lines.get(i))));
    }

    private static int[] ids(String line) {
        return Arrays.stream(line.strip().split(" "))
                .filter(id -> !id.isEmpty())
                .mapToInt(Integer::parseInt)
                .toArray();
    }
}
