package dev.excitor.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.excitor.runtime.checkpoint.Checkpoint;
import dev.excitor.runtime.checkpoint.CheckpointReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// `quantize` and `convert`, which differ in how they are told the type.
class QuantizeCommandTest {

    @TempDir
    private static Path folder;

    private static Path model;

    @BeforeAll
    static void makeAModel() {
        model = TestFiles.model(folder.resolve("m.gguf"), "F32");
    }

    @Test
    void writesAModelThatRuns() {
        Path file = folder.resolve("q8.gguf");
        CommandRun made = CommandRun.of("quantize", "-t", "2", model.toString(), file.toString(), "q8_0");
        assertThat(made.code()).as(made.err()).isZero();
        assertThat(made.out()).isEmpty();
        assertThat(made.err())
                .contains("writing " + file)
                .containsPattern("weights in .* KiB instead of .* KiB: 8\\.\\d+ bits each instead of 32\\.00")
                .doesNotContain("attn_q");
        try (Checkpoint written = CheckpointReader.open(file, CheckpointReader.Memory.COPIED)) {
            assertThat(written.find("blk.1.ffn_up.weight")
                            .orElseThrow()
                            .format()
                            .name())
                    .isEqualTo("Q8_0");
            assertThat(written.metadata().integer("general.file_type")).isEqualTo(7);
        }
        String[] prompt = {"run", "-p", "ba", "-n", "8", "--temp", "0", "-m"};
        assertThat(CommandRun.of(with(prompt, file.toString())).out())
                .isEqualTo(CommandRun.of(with(prompt, model.toString())).out());
    }

    @Test
    void vShowsTheErrorOfEachMatrix() {
        CommandRun made = CommandRun.of(
                "quantize",
                "-v",
                "--pure",
                model.toString(),
                folder.resolve("v.gguf").toString(),
                "Q4_0");
        assertThat(made.code()).as(made.err()).isZero();
        assertThat(made.err().lines())
                .anyMatch(
                        line -> line.matches(
                                "blk\\.0\\.attn_q\\.weight +64x64 +F32 +-> Q4_0 +rms error \\d\\.\\d{3}e-\\d\\d, [789]\\.\\d{3} %"))
                .anyMatch(line -> line.matches("output_norm\\.weight +1x64 +F32"));
    }

    @Test
    void convertKeepsTheFormatsUnlessToldOtherwise() throws IOException {
        Path quantized = folder.resolve("c-q4.gguf");
        assertThat(CommandRun.of("convert", model.toString(), quantized.toString(), "--type", "Q4_0")
                        .code())
                .isZero();
        Path direct = folder.resolve("c-q4-direct.gguf");
        CommandRun.of("quantize", model.toString(), direct.toString(), "Q4_0");
        assertThat(quantized).hasSameBinaryContentAs(direct);
        Path again = folder.resolve("c-again.gguf");
        assertThat(CommandRun.of("convert", quantized.toString(), again.toString())
                        .code())
                .isZero();
        assertThat(again).hasSameBinaryContentAs(quantized);
    }

    @Test
    void convertWritesAnAdapterAsEitherFile() throws IOException {
        Path gguf = TestFiles.adapter(folder.resolve("a.gguf"));
        Path safetensors = folder.resolve("a.safetensors");
        CommandRun made = CommandRun.of("convert", gguf.toString(), safetensors.toString());
        assertThat(made.code()).as(made.err()).isZero();
        String[] prompt = {"run", "-m", model.toString(), "-p", "ba", "-n", "8", "--temp", "0", "--adapter"};
        CommandRun expected = CommandRun.of(with(prompt, gguf.toString()));
        assertThat(expected.code()).isZero();
        assertThat(CommandRun.of(with(prompt, safetensors.toString())).out()).isEqualTo(expected.out());
        CommandRun typed = CommandRun.of("convert", "-f", gguf.toString(), safetensors.toString(), "--type", "Q4_0");
        assertThat(typed.code()).isEqualTo(1);
        assertThat(typed.err()).contains("left out for an adapter").hasLineCount(1);
        CommandRun unknown = CommandRun.of(
                "convert", gguf.toString(), folder.resolve("a.pth").toString());
        assertThat(unknown.code()).isEqualTo(1);
        assertThat(unknown.err()).contains(".safetensors");
    }

    @Test
    void neverReplacesAFileUnasked() throws IOException {
        Path file = Files.writeString(folder.resolve("precious"), "data");
        CommandRun refused = CommandRun.of("quantize", model.toString(), file.toString(), "Q4_0");
        assertThat(refused.code()).isEqualTo(1);
        assertThat(refused.err()).contains("--force").hasLineCount(1);
        assertThat(file).content().isEqualTo("data");
        assertThat(CommandRun.of("quantize", "-f", model.toString(), file.toString(), "Q4_0")
                        .code())
                .isZero();
        assertThat(Files.size(file)).isGreaterThan(4);
    }

    /// The file that is read stays what it was until the new one is complete.
    @Test
    void mayReplaceTheFileThatItReads() throws IOException {
        Path file = Files.copy(model, folder.resolve("itself.gguf"));
        Path other = folder.resolve("other.gguf");
        CommandRun.of("quantize", model.toString(), other.toString(), "Q5_1");
        CommandRun run = CommandRun.of("quantize", "-f", file.toString(), file.toString(), "Q5_1");
        assertThat(run.code()).as(run.err()).isZero();
        assertThat(file).hasSameBinaryContentAs(other);
    }

    @Test
    void whatFailsLeavesNothingBehind() throws IOException {
        Path damaged = TestFiles.modelWithNaN(folder.resolve("nan.gguf"));
        Path quantized = folder.resolve("nan-q8.gguf");
        Path target = Files.createDirectory(folder.resolve("empty")).resolve("out.gguf");
        CommandRun.of("quantize", damaged.toString(), quantized.toString(), "Q8_0");
        CommandRun run = CommandRun.of("quantize", quantized.toString(), target.toString(), "Q4_0");
        assertThat(run.code()).isEqualTo(1);
        assertThat(run.err())
                .startsWith("excitor: ")
                .contains("--allow-requantize")
                .hasLineCount(1);
        assertThat(CommandRun.of("quantize", "--allow-requantize", quantized.toString(), target.toString(), "Q4_0")
                        .code())
                .isZero();
        try (Stream<Path> files = Files.list(target.getParent())) {
            assertThat(files).containsExactly(target);
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "quantize MODEL OUT Q9_9",
                "quantize MODEL OUT Q4_0 -t -1",
                "quantize /no/such/file OUT Q4_0",
                "quantize MODEL /no/such/folder/out.gguf Q4_0",
                "quantize MODEL FOLDER Q4_0 -f",
                "convert FOLDER OUT",
                "convert MODEL OUT --type Q9_9"
            })
    void whatCannotBeIsOneSentence(String line) {
        CommandRun run = CommandRun.of(arguments(line));
        assertThat(run.code()).as(run.err()).isEqualTo(1);
        assertThat(run.err()).startsWith("excitor: ").hasLineCount(1);
        assertThat(folder.resolve("never.gguf")).doesNotExist();
    }

    @ParameterizedTest
    @ValueSource(strings = {"quantize MODEL OUT", "quantize", "convert MODEL", "quantize MODEL OUT Q4_0 2 3"})
    void wrongUsageIsTwo(String line) {
        assertThat(CommandRun.of(arguments(line)).code()).isEqualTo(2);
    }

    private static String[] arguments(String line) {
        return line.replace("MODEL", model.toString())
                .replace("OUT", folder.resolve("never.gguf").toString())
                .replace("FOLDER", folder.toString())
                .split(" ", -1);
    }

    private static String[] with(String[] line, String last) {
        return Stream.concat(Stream.of(line), Stream.of(last)).toArray(String[]::new);
    }
}
