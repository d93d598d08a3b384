package dev.excitor.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// What the options of the GPU do where there is no CUDA: an empty folder is the only place that is looked at, so that
/// it is so on every machine.
class GpuOptionsTest {

    @TempDir
    Path folder;

    private Path model = Path.of("");

    @BeforeEach
    void makeAModel() {
        model = TestFiles.model(folder.resolve("m.gguf"), "Q4_0");
    }

    @Test
    void infoSaysThatNoneIsLookedFor() {
        CommandRun run = CommandRun.of("info", model.toString());
        assertThat(run.code()).isZero();
        assertThat(run.out())
                .contains("GPU\n  not looked for: -ngl N gives the top N layers to one\n")
                .doesNotContain("cublas");
    }

    @Test
    void infoSaysWhyNoneIsUsedForEveryKindOfMatrix() {
        CommandRun run = CommandRun.of("info", model.toString(), "-ngl", "99", "--cuda-path", folder.toString());
        assertThat(run.code()).as(run.err()).isZero();
        assertThat(run.out())
                .contains("GPU\n  not used: none of libcudart.so.13, libcudart.so.12, libcudart.so.11.0 was found in "
                        + folder)
                .containsPattern(
                        "Q4_0 64x64 PREFILL: +cublas declined: there is no GPU that can be used · .* accepted +2 attn_q");
    }

    /// The same text as without: the option costs nothing but a warning.
    @ParameterizedTest
    @ValueSource(strings = {"-ngl", "--gpu-layers", "--n-gpu-layers"})
    void withoutALibraryTheCpuGoesOn(String option) {
        List<String> line = List.of("run", "-m", model.toString(), "-p", "ab", "-n", "8", "--temp", "0");
        CommandRun plain = CommandRun.of(line.toArray(String[]::new));
        CommandRun wished = CommandRun.of(Stream.concat(
                        line.stream(),
                        Stream.of(
                                option,
                                "99",
                                "--gpu-memory",
                                "1.5G",
                                "--gpu-rows",
                                "8",
                                "--cuda-path",
                                folder.toString()))
                .toArray(String[]::new));
        assertThat(wished.code()).as(wished.err()).isZero();
        assertThat(wished.out()).isEqualTo(plain.out()).isNotBlank();
    }

    @ParameterizedTest
    @CsvSource({
        "-ngl, -1, 'the number of layers on the GPU (-ngl) must be 0 or more, but is -1', 1",
        "--gpu-rows, 0, 'the fewest rows for the GPU (--gpu-rows) must be from 1 to 16384, but is 0', 1",
        "-ngl, many, Invalid value for option, 2",
        "--gpu-memory, lots, \"'lots' is no size such as 6G or 512M\", 2",
        "--gpu-memory, 9999999999999T, \"'9999999999999T' is more than any memory\", 2"
    })
    void wrongValuesAreOneSentence(String option, String value, String sentence, int code) {
        CommandRun run = CommandRun.of("info", model.toString(), option, value);
        assertThat(run.code()).as(run.err()).isEqualTo(code);
        assertThat(run.err()).contains(sentence.replace("\"", "")).hasLineCount(1);
    }

    @ParameterizedTest
    @CsvSource({
        "0, 0",
        "512, 512",
        "2k, 2048",
        "512M, 536870912",
        "6G, 6442450944",
        "1.5GiB, 1610612736",
        "1TB, 1099511627776"
    })
    void sizesAreOfPowersOf1024(String text, long bytes) {
        assertThat(new ByteSize().convert(text)).isEqualTo(bytes);
    }

    @Test
    void benchHasARowForEachNumberOfLayers() {
        CommandRun run = CommandRun.of(
                "bench",
                "-m",
                model.toString(),
                "-p",
                "8",
                "-n",
                "0",
                "-r",
                "1",
                "-ngl",
                "0,99",
                "--no-warmup",
                "--no-limits",
                "--kernel",
                "scalar",
                "--cuda-path",
                folder.toString(),
                "-o",
                "jsonl");
        assertThat(run.code()).as(run.err()).isZero();
        assertThat(run.out().lines())
                .satisfiesExactly(
                        row -> assertThat(row).contains("\"n_gpu_layers\":0,\"gpu_info\":\"none\""),
                        row -> assertThat(row).contains("\"n_gpu_layers\":99,\"gpu_info\":\"none\""));
    }
}
