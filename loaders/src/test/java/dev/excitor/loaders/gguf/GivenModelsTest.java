package dev.excitor.loaders.gguf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import dev.excitor.loaders.Shared;
import dev.excitor.runtime.Shape;
import dev.excitor.runtime.Tensor;
import dev.excitor.runtime.checkpoint.Checkpoint;
import dev.excitor.runtime.checkpoint.CheckpointReader;
import dev.excitor.runtime.checkpoint.CheckpointReader.Memory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/// Every given file opens and holds what its name promises.
class GivenModelsTest {

    @TestFactory
    Stream<DynamicTest> everyModelOpens() throws IOException {
        return ggufs("models").map(path -> dynamicTest(path.getFileName().toString(), () -> checkModel(path)));
    }

    private static void checkModel(Path path) {
        for (Memory memory : Memory.values()) {
            try (Checkpoint checkpoint = CheckpointReader.open(path, memory)) {
                checkpoint.checkUnchanged();
                long layers = checkpoint.metadata().integer("llama.block_count");
                int width = (int) checkpoint.metadata().integer("llama.embedding_length");
                int vocabulary = checkpoint
                        .metadata()
                        .findStrings("tokenizer.ggml.tokens")
                        .orElseThrow()
                        .size();
                boolean separateOutput = checkpoint.find("output.weight").isPresent();
                assertThat(checkpoint.tensors()).hasSize((int) layers * 9 + (separateOutput ? 3 : 2));
                Tensor embedding = checkpoint.find("token_embd.weight").orElseThrow();
                assertThat(embedding.shape()).isEqualTo(new Shape(vocabulary, width));
                assertThat(checkpoint.find("output_norm.weight").orElseThrow().shape())
                        .isEqualTo(Shape.vector(width));
                checkFormat(path, checkpoint);
            }
        }
    }

    /// `micro-q4_k_s-pure.gguf` has every matrix in Q4_K.
    private static void checkFormat(Path path, Checkpoint checkpoint) {
        String name = path.getFileName().toString();
        if (name.endsWith("-pure.gguf")) {
            String format = name.substring("micro-".length(), name.length() - "-pure.gguf".length())
                    .toUpperCase(Locale.ROOT)
                    .replaceFirst("_K_[SM]$", "_K");
            assertThat(checkpoint.tensors())
                    .filteredOn(tensor -> tensor.shape().rows() > 1)
                    .allSatisfy(tensor -> assertThat(tensor.format().name()).isEqualTo(format));
        }
    }

    @TestFactory
    Stream<DynamicTest> everyAdapterOpens() throws IOException {
        return ggufs("oracles/excitor")
                .map(path -> dynamicTest(path.getFileName().toString(), () -> {
                    try (Checkpoint adapter = CheckpointReader.open(path, Memory.MAPPED)) {
                        assertThat(adapter.metadata().string("adapter.type")).isEqualTo("excitor");
                        long[] layers = adapter.metadata()
                                .findLongs("adapter.excitor.layers")
                                .orElseThrow();
                        assertThat(adapter.tensors()).hasSize(layers.length * 4);
                        for (long layer : layers) {
                            assertThat(adapter.find("blk.%d.excitor.prompt".formatted(layer))
                                            .orElseThrow()
                                            .shape()
                                            .rows())
                                    .isEqualTo((int) adapter.metadata().integer("adapter.excitor.prompt_length"));
                        }
                    }
                }));
    }

    @Test
    void theLargeVocabularyOpensInNoTime() {
        Path path = Shared.folder("tokenizers").resolve("ggml-vocab-llama-bpe.gguf");
        long best = Long.MAX_VALUE;
        for (int i = 0; i < 5; i++) {
            long start = System.nanoTime();
            try (Checkpoint checkpoint = CheckpointReader.open(path, Memory.MAPPED)) {
                assertThat(checkpoint.tensors()).isEmpty();
                assertThat(checkpoint
                                .metadata()
                                .findBytes("tokenizer.ggml.tokens")
                                .orElseThrow())
                        .hasSize(128_256);
                assertThat(checkpoint
                                .metadata()
                                .findStrings("tokenizer.ggml.merges")
                                .orElseThrow())
                        .hasSize(280_147)
                        .startsWith("Ġ Ġ");
            }
            best = Math.min(best, System.nanoTime() - start);
        }
        assertThat(best / 1_000_000).as("milliseconds to open and decode").isLessThan(150);
    }

    private static Stream<Path> ggufs(String folder) throws IOException {
        try (Stream<Path> files = Files.list(Shared.folder(folder))) {
            return files.filter(path -> path.toString().endsWith(".gguf")).sorted().toList().stream();
        }
    }
}
