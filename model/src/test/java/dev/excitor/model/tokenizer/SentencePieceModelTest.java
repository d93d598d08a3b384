package dev.excitor.model.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;

import dev.excitor.loaders.gguf.GgufMetadataBuilder;
import dev.excitor.loaders.sentencepiece.SentencePieceModel;
import dev.excitor.runtime.checkpoint.Checkpoint;
import dev.excitor.runtime.checkpoint.CheckpointReader;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// `tokenizer.model` gives the tokens that its vocabulary gives elsewhere.
class SentencePieceModelTest {

    @TempDir
    Path folder;

    /// SentencePiece 0.2.2 itself made the file and cut the texts: BPE of 420 pieces, with byte fallback and the
    /// normalizer of LLaMA.
    @Test
    void aFileOfSentencePieceGivesItsTokens() throws IOException {
        Path file = folder.resolve("tokenizer.model");
        Files.write(file, resource("small-tokenizer.model"));
        Tokenizer tokenizer = open(file);
        assertThat(tokenizer.description()).isEqualTo("SentencePiece, 420 tokens");
        Vocabulary vocabulary = tokenizer.vocabulary();
        assertThat(List.of(vocabulary.unknown(), vocabulary.bos(), vocabulary.eos(), vocabulary.pad()))
                .containsExactly(0, 1, 2, Vocabulary.NONE);
        String cases = new String(resource("small-tokenizer.cases"), StandardCharsets.UTF_8);
        assertThat(cases.split("\n", -1)).hasSizeGreaterThan(15);
        cases.lines().forEach(line -> {
            String[] parts = line.split("\t", -1);
            String text = parts[0].translateEscapes();
            int[] expected = Arrays.stream(parts[1].split(" ", -1))
                    .mapToInt(Integer::parseInt)
                    .toArray();
            assertThat(tokenizer.encode(text, EncodeOptions.TEXT)).as(line).containsExactly(expected);
        });
    }

    /// LLaMA's vocabulary from its GGUF file, spelled as protobuf, read back: llama.cpp's 47 cases.
    @Test
    void llamasVocabularyAsProtobufGivesTheSameTokens() throws IOException {
        Path gguf = Vocabularies.shared("ggml-vocab-llama-spm.gguf");
        Path file = folder.resolve("tokenizer.model");
        try (Checkpoint checkpoint = CheckpointReader.open(gguf, CheckpointReader.Memory.COPIED)) {
            Files.write(file, TokenizerModelFile.of(checkpoint.metadata()));
        }
        Tokenizer expected = Vocabularies.open(gguf);
        Tokenizer tokenizer = open(file);
        assertThat(tokenizer.description()).isEqualTo(expected.description());
        for (int id = 0; id < expected.vocabulary().size(); id++) {
            assertThat(tokenizer.vocabulary().tokenBytes(id))
                    .containsExactly(expected.vocabulary().tokenBytes(id));
            assertThat(tokenizer.vocabulary().type(id))
                    .isEqualTo(expected.vocabulary().type(id));
        }
        Stream<LlamaCppCasesTest.Case> cases = LlamaCppCasesTest.read(gguf);
        assertThat(cases)
                .hasSize(47)
                .allSatisfy(one -> assertThat(tokenizer.encode(one.text(), EncodeOptions.TEXT))
                        .as(one.text())
                        .containsExactly(one.tokens()));
    }

    private static Tokenizer open(Path file) {
        var metadata = new GgufMetadataBuilder();
        SentencePieceModel.read(file).addTo(metadata);
        return Tokenizer.of(metadata.build(file));
    }

    private static byte[] resource(String name) throws IOException {
        try (InputStream in = SentencePieceModelTest.class.getResourceAsStream(name)) {
            return in.readAllBytes();
        }
    }
}
