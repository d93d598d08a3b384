package dev.excitor.model.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;

import dev.excitor.loaders.gguf.GgufMetadataBuilder;
import dev.excitor.loaders.meta.MetaVocabulary;
import dev.excitor.runtime.checkpoint.Checkpoint;
import dev.excitor.runtime.checkpoint.CheckpointReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Llama 3.1's vocabulary from its GGUF file, written as ranks, read back: the same tokens.
class RankedVocabularyTest {

    @TempDir
    Path folder;

    @Test
    void llama3sRanksGiveTheSameTokens() throws IOException {
        Path gguf = Vocabularies.shared("ggml-vocab-llama-bpe.gguf");
        Path file = folder.resolve("tokenizer.model");
        try (Checkpoint checkpoint = CheckpointReader.open(gguf, CheckpointReader.Memory.COPIED)) {
            Files.write(file, TokenizerModelFile.of(checkpoint.metadata()));
        }
        var metadata = new GgufMetadataBuilder();
        MetaVocabulary.read(folder, true).addTo(metadata);
        Tokenizer tokenizer = Tokenizer.of(metadata.build(file));
        Tokenizer expected = Vocabularies.open(gguf);
        assertThat(tokenizer.description()).isEqualTo(expected.description());
        Vocabulary vocabulary = expected.vocabulary();
        assertThat(tokenizer.vocabulary().size()).isEqualTo(vocabulary.size());
        for (int id = 0; id < vocabulary.size(); id++) {
            assertThat(tokenizer.vocabulary().token(id)).isEqualTo(vocabulary.token(id));
            assertThat(tokenizer.vocabulary().type(id)).isEqualTo(vocabulary.type(id));
        }
        assertThat(tokenizer.vocabulary().bos()).isEqualTo(vocabulary.bos());
        assertThat(tokenizer.vocabulary().eot()).isEqualTo(vocabulary.eot());
        assertThat(tokenizer.addsBos()).isEqualTo(expected.addsBos());
        Stream<LlamaCppCasesTest.Case> cases = LlamaCppCasesTest.read(gguf);
        assertThat(cases)
                .hasSize(47)
                .allSatisfy(one -> assertThat(tokenizer.encode(one.text(), EncodeOptions.TEXT))
                        .as(one.text())
                        .containsExactly(one.tokens()));
    }
}
