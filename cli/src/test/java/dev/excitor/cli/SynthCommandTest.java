package dev.excitor.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.excitor.runtime.Tensor;
import dev.excitor.runtime.checkpoint.Checkpoint;
import dev.excitor.runtime.checkpoint.CheckpointReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SynthCommandTest {

    private static final List<String> SMALL = List.of(
            "synth",
            "--layers",
            "2",
            "--width",
            "64",
            "--heads",
            "4",
            "--kv-heads",
            "2",
            "--ffn",
            "96",
            "--pure",
            "--vocab-size",
            "300");

    @TempDir
    Path folder;

    @Test
    void writesAModelThatTheReaderAccepts() {
        Path file = folder.resolve("m.gguf");
        CommandRun run = synth(file, "--type", "Q4_0", "--pure", "--head-size", "32", "--tied", "--context", "77");
        assertThat(run.code()).as(run.err()).isZero();
        assertThat(run.out()).isEmpty();
        try (Checkpoint model = CheckpointReader.open(file, CheckpointReader.Memory.COPIED)) {
            assertThat(model.metadata().string("general.architecture")).isEqualTo("llama");
            assertThat(model.metadata().integer("llama.context_length")).isEqualTo(77);
            assertThat(model.metadata().integer("llama.attention.key_length")).isEqualTo(32);
            assertThat(model.metadata().findBytes("tokenizer.ggml.tokens").orElseThrow())
                    .hasSize(300);
            assertThat(model.metadata().findStrings("tokenizer.ggml.tokens").orElseThrow())
                    .doesNotHaveDuplicates();
            assertThat(model.find("output.weight")).isEmpty();
            assertThat(model.tensors()).hasSize(2 + 2 * 9);
            Tensor query = model.find("blk.1.attn_q.weight").orElseThrow();
            assertThat(query.shape()).hasToString("128x64");
            assertThat(query.format().name()).isEqualTo("Q4_0");
            float[] row = new float[64 * 128];
            query.format().decode(query.data(), 0, row, 0, row.length);
            double sum = 0;
            for (float weight : row) {
                sum += weight * weight;
            }
            assertThat(Math.sqrt(sum / row.length)).isBetween(0.1, 0.15);
        }
    }

    @Test
    void theSeedDecidesEveryByte() throws IOException {
        synth(folder.resolve("a"), "--seed", "7");
        synth(folder.resolve("b"), "--seed", "7");
        synth(folder.resolve("c"), "--seed", "8");
        assertThat(folder.resolve("a")).hasSameBinaryContentAs(folder.resolve("b"));
        assertThat(Files.mismatch(folder.resolve("a"), folder.resolve("c"))).isPositive();
    }

    @Test
    void writesAnAdapterThatItsModelAccepts() {
        Path model = folder.resolve("m.gguf");
        Path adapter = folder.resolve("a.gguf");
        String shape =
                "synth --layers 4 --width 64 --heads 4 --kv-heads 2 --ffn 96 --vocab-size 300 --pure -o " + model;
        assertThat(CommandRun.of(shape.split(" ", -1)).code()).isZero();
        CommandRun made =
                CommandRun.of("synth", "--adapter-for", model.toString(), "--rank", "3", "-o", adapter.toString());
        assertThat(made.code()).as(made.err()).isZero();
        CommandRun info = CommandRun.of("info", model.toString(), adapter.toString());
        assertThat(info.code()).as(info.err()).isZero();
        assertThat(info.out()).contains("fused");
        try (Checkpoint file = CheckpointReader.open(adapter, CheckpointReader.Memory.COPIED)) {
            assertThat(file.metadata().findLongs("adapter.excitor.layers").orElseThrow())
                    .containsExactly(2, 3);
            assertThat(file.find("blk.3.excitor.q_down").orElseThrow().shape()).hasToString("3x64");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"--prompts 0", "--rank 16385", "--shape llama-3.2-1b"})
    void anAdapterWithAWrongOptionIsRefused(String option) {
        Path model = folder.resolve("m.gguf");
        synth(model);
        Path adapter = folder.resolve("a.gguf");
        String line = "synth --adapter-for %s -o %s %s".formatted(model, adapter, option);
        CommandRun run = CommandRun.of(line.split(" ", -1));
        assertThat(run.code()).isEqualTo(1);
        assertThat(run.err()).startsWith("excitor: ").hasLineCount(1);
        assertThat(adapter).doesNotExist();
    }

    @Test
    void neverReplacesAFileUnasked() throws IOException {
        Path file = Files.writeString(folder.resolve("precious"), "data");
        CommandRun run = synth(file);
        assertThat(run.code()).isEqualTo(1);
        assertThat(run.err()).contains("--force").hasLineCount(1);
        assertThat(file).content().isEqualTo("data");
        assertThat(synth(file, "--force").code()).isZero();
        assertThat(Files.size(file)).isGreaterThan(4);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "--shape llama-9",
                "--type Q9_9",
                "--layers 0",
                "--layers 2147483647",
                "--kv-heads 3",
                "--kv-heads 0",
                "--width 65",
                "--head-size 3",
                "--vocab-size 258",
                "--rope-base NaN",
                "--context 0",
                "--vocab /no/such/file"
            })
    void sizesOutOfRangeAreOneSentence(String options) {
        Path file = folder.resolve("m.gguf");
        CommandRun run = synth(file, options.split(" ", -1));
        assertThat(run.code()).isEqualTo(1);
        assertThat(run.err()).startsWith("excitor: ").hasLineCount(1);
        assertThat(file).doesNotExist();
    }

    @Test
    void aFileThatCannotBeWrittenIsOneSentence() {
        CommandRun run = synth(folder.resolve("no/such/folder/m.gguf"));
        assertThat(run.code()).isEqualTo(1);
        assertThat(run.err()).contains("no/such/folder").doesNotContain("\tat ");
    }

    @Test
    void copiesAVocabulary() {
        Path vocabulary = Shared.path("tokenizers/ggml-vocab-llama-spm.gguf");
        Path file = folder.resolve("m.gguf");
        CommandRun run = CommandRun.of(
                "synth",
                "--layers",
                "1",
                "--width",
                "32",
                "--heads",
                "1",
                "--ffn",
                "32",
                "--pure",
                "--vocab",
                vocabulary.toString(),
                "-o",
                file.toString());
        assertThat(run.code()).as(run.err()).isZero();
        try (Checkpoint copy = CheckpointReader.open(file, CheckpointReader.Memory.MAPPED);
                Checkpoint original = CheckpointReader.open(vocabulary, CheckpointReader.Memory.MAPPED)) {
            assertThat(copy.find("token_embd.weight").orElseThrow().shape().rows())
                    .isEqualTo(32_000);
            for (String key : original.metadata().keys()) {
                if (key.startsWith("tokenizer.")) {
                    assertThat(copy.metadata().describe(key))
                            .isEqualTo(original.metadata().describe(key));
                }
            }
        }
    }

    private static CommandRun synth(Path file, String... options) {
        return CommandRun.of(Stream.of(SMALL.stream(), Stream.of(options), Stream.of("-o", file.toString()))
                .flatMap(part -> part)
                .toArray(String[]::new));
    }
}
