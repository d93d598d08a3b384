package dev.excitor.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.data.Percentage.withPercentage;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// What is measured and how it is written; how fast anything is, no test knows.
class BenchCommandTest {

    private static final ObjectMapper JSON = new ObjectMapper();

    /// llama-bench's own names, which its users' scripts read.
    private static final List<String> KEYS_OF_LLAMA_BENCH = List.of(
            "build_commit",
            "cpu_info",
            "model_filename",
            "model_type",
            "model_size",
            "model_n_params",
            "n_batch",
            "n_ubatch",
            "n_threads",
            "type_k",
            "type_v",
            "n_gpu_layers",
            "gpu_info",
            "use_mmap",
            "n_prompt",
            "n_gen",
            "n_depth",
            "test_time",
            "avg_ns",
            "stddev_ns",
            "avg_ts",
            "stddev_ts",
            "samples_ns",
            "samples_ts");

    private static final List<String> KEYS_OF_OURS = List.of(
            "jdk",
            "kernel",
            "vector_bits",
            "adapter",
            "strategy",
            "test",
            "median_ts",
            "spread",
            "gb_per_s",
            "memory_limit_gb_per_s",
            "share_of_limit");

    @TempDir
    Path folder;

    private Path model = Path.of("");

    @BeforeEach
    void makeAModel() {
        model = TestFiles.model(folder.resolve("m.gguf"), "Q4_0");
    }

    @Test
    void jsonHasTheKeysOfLlamaBenchAndOurs() throws IOException {
        JsonNode rows = JSON.readTree(
                quick("-p", "8", "-n", "4", "-o", "json", "-r", "3").out());
        assertThat(rows).hasSize(2);
        for (JsonNode row : rows) {
            assertThat(row.fieldNames())
                    .toIterable()
                    .containsAll(KEYS_OF_LLAMA_BENCH)
                    .containsAll(KEYS_OF_OURS);
            assertThat(row.get("samples_ns")).hasSize(3).allMatch(nanos -> nanos.asLong() > 0);
            assertThat(row.get("samples_ts")).hasSize(3).allMatch(rate -> rate.asDouble() > 0);
            assertThat(row.get("cpu_info").asText()).isNotBlank();
            assertThat(row.get("kernel").asText()).isEqualTo("scalar");
            assertThat(row.get("vector_bits").asInt()).isZero();
            assertThat(row.get("model_type").asText()).isEqualTo("llama 0.1M Q4_0");
            assertThat(row.get("test_time").asText()).matches("\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\dZ");
        }
        assertThat(rows.get(0).get("test").asText()).isEqualTo("pp8");
        assertThat(rows.get(0).get("gb_per_s").isNull()).isTrue();
        assertThat(rows.get(1).get("test").asText()).isEqualTo("tg4");
        assertThat(rows.get(1).get("gb_per_s").asDouble()).isPositive();
    }

    @Test
    void bytesPerTokenAreThoseOfAllMatricesAndTheCacheReadSoFar() throws IOException {
        JsonNode row = JSON.readTree(
                quick("-p", "0", "-n", "3", "-d", "10", "-o", "jsonl").out());
        // Q4_0 has 18 bytes for 32 weights; a layer has q and o, k and v, and three of the feed-forward block
        double layer = (2 * 64 * 64 + 2 * 32 * 64 + 3 * 96 * 64) / 32.0 * 18;
        double output = 400 * 64 / 32.0 * 18;
        double cache = 12 * 2 * 2 * (16 + 16) * 4; // 12 positions, 2 layers, 2 heads, a key and a value of 16 f32 each
        double bytes = 2 * layer + output + cache;
        double expected = bytes * row.get("median_ts").asDouble() / 1e9;
        assertThat(row.get("gb_per_s").asDouble()).isCloseTo(expected, withPercentage(0.001));
    }

    @Test
    void theMemoryIsMeasuredBesideTheModelUnlessItIsNotWanted() throws IOException {
        JsonNode with = JSON.readTree(bench("-p", "0", "-n", "2", "-o", "jsonl").out());
        assertThat(with.get("memory_limit_gb_per_s").asDouble()).isPositive();
        assertThat(with.get("share_of_limit").asDouble()).isPositive();
        JsonNode without =
                JSON.readTree(quick("-p", "0", "-n", "2", "-o", "jsonl").out());
        assertThat(without.get("memory_limit_gb_per_s").isNull()).isTrue();
        assertThat(without.get("share_of_limit").isNull()).isTrue();
    }

    @Test
    void listsGiveARowForEachCombination() throws IOException {
        CommandRun run = quick(
                "-p", "4,8", "-n", "0", "-pg", "4,2", "-d", "0,5", "-t", "1,2", "-b", "8", "-ub", "3", "-ub", "8",
                "-ctk", "f32,f16", "-o", "jsonl");
        List<String> found = new ArrayList<>();
        for (JsonNode row : lines(run)) {
            found.add("%s t%d u%d %s"
                    .formatted(
                            row.get("test").asText(),
                            row.get("n_threads").asInt(),
                            row.get("n_ubatch").asInt(),
                            row.get("type_k").asText()));
        }
        List<String> expected = new ArrayList<>();
        for (int threads : List.of(1, 2)) {
            for (int micro : List.of(3, 8)) {
                for (String cache : List.of("f32", "f16")) {
                    for (String depth : List.of("", " @ d5")) {
                        for (String test : List.of("pp4", "pp8", "pp4+tg2")) {
                            expected.add("%s%s t%d u%d %s".formatted(test, depth, threads, micro, cache));
                        }
                    }
                }
            }
        }
        assertThat(found).isEqualTo(expected);
    }

    @Test
    void anAdapterIsMeasuredOffAndOn() throws IOException {
        Path adapter = TestFiles.adapter(folder.resolve("a.gguf"), TestFiles.LAYERS, writer -> {});
        List<JsonNode> rows = lines(quick("-p", "4", "-n", "0", "-o", "jsonl", "--adapter", adapter + ":0.5"));
        assertThat(rows).hasSize(2);
        assertThat(rows.get(0).get("adapter").isNull()).isTrue();
        assertThat(rows.get(0).get("strategy").isNull()).isTrue();
        assertThat(rows.get(1).get("adapter").asText()).isEqualTo("a.gguf:0.5");
        assertThat(rows.get(1).get("strategy").asText()).isEqualTo("fused");
    }

    @Test
    void csvHasALineOfNamesAndAsManyValuesInEachOther() {
        List<String> lines =
                quick("-p", "4", "-n", "2", "-o", "csv").out().lines().toList();
        assertThat(lines).hasSize(3);
        assertThat(lines.getFirst()).startsWith("build_commit,").doesNotContain("samples", "\"");
        int names = lines.getFirst().split(",", -1).length;
        assertThat(lines.subList(1, 3)).allSatisfy(line -> {
            assertThat(line).contains("\"scalar\"");
            assertThat(line.split(",(?=(?:[^\"]*\"[^\"]*\")*[^\"]*$)", -1)).hasSize(names);
        });
    }

    @Test
    void theTableShowsWhatVariesAndNamesTheMachine() {
        String one = quick("-p", "4", "-n", "2").out();
        assertThat(one.lines().limit(4))
                .allMatch(line -> line.matches("\\|.*\\|"))
                .hasSize(4);
        assertThat(one).contains("| test |", "t/s", "scalar").doesNotContain("n_ubatch", "adapter");
        assertThat(one).contains(", JDK " + Runtime.version(), "build ");
        assertThat(quick("-p", "4", "-n", "0", "-ub", "2,4").out()).contains("| n_ubatch |");
    }

    @Test
    void warmUpComesFirstAndRoundsAreInterleaved() {
        CommandRun run = CommandRun.of(
                "bench", "-m", model.toString(), "-t", "1", "-p", "4", "-n", "2", "-r", "2", "--no-limits");
        assertThat(run.code()).isZero();
        assertThat(run.err().lines().map(line -> line.replaceAll(",.*", "")))
                .containsExactly(
                        "warm-up 1 of 2: pp4",
                        "warm-up 2 of 2: tg2",
                        "run 1 of 4: pp4",
                        "run 2 of 4: tg2",
                        "run 3 of 4: pp4",
                        "run 4 of 4: tg2");
    }

    @Test
    void limitsOfTheMachineArePositive() throws IOException {
        CommandRun run = CommandRun.of("bench", "--limits", "-t", "2", "-o", "jsonl", "-m", model.toString());
        assertThat(run.code()).as(run.err()).isZero();
        List<JsonNode> rows = lines(run);
        assertThat(rows).extracting(row -> row.get("n_threads").asInt()).containsExactly(1, 2);
        for (JsonNode row : rows) {
            assertThat(row.get("model_filename").asText())
                    .isEqualTo(model.getFileName().toString());
            assertThat(Stream.of("read_gb_per_s", "read_file_gb_per_s", "f32_gflops"))
                    .allMatch(key -> row.get(key).asDouble() > 0);
            assertThat(row.get("int8_gops").isNull() || row.get("int8_gops").asDouble() > 0)
                    .isTrue();
            assertThat(row.get("bf16_gflops").isNull() || row.get("bf16_gflops").asDouble() > 0)
                    .isTrue();
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "-p many",
                "-p -1",
                "-n 5000000",
                "-d -1",
                "-pg 5",
                "-pg 0,5",
                "-p 0 -n 0",
                "-b 0",
                "-ub 20000",
                "-t 1025",
                "-ngl -1",
                "-ngl all",
                "--gpu-memory much",
                "--gpu-memory -1",
                "-r 0",
                "--delay -1",
                "--kernel fast",
                "--vector-bits 77",
                "-ctk q4",
                "-ctv f16",
                "-o xml",
                "--limits -m a,b"
            })
    void wrongOptionsAreOneSentenceAndExitCode2(String options) {
        CommandRun run = bench(options.split(" ", -1));
        assertThat(run.code()).isEqualTo(2);
        assertThat(run.out()).isEmpty();
        assertThat(run.err())
                .startsWith("excitor: ")
                .endsWith("See 'excitor bench --help'.\n")
                .hasLineCount(1);
    }

    @Test
    void aModelIsNeeded() {
        CommandRun run = CommandRun.of("bench");
        assertThat(run.code()).isEqualTo(2);
        assertThat(run.err()).contains("-m=FILE");
        assertThat(CommandRun.of("bench", "-m", "nowhere.gguf").code()).isEqualTo(1);
        assertThat(CommandRun.of("bench", "--limits", "-m", "nowhere.gguf", "-t", "1")
                        .code())
                .isEqualTo(1);
    }

    /// One run of the plain kernels on one thread, without warm-up.
    private CommandRun bench(String... more) {
        List<String> line = new ArrayList<>(List.of("bench", "-m", model.toString(), "--no-warmup"));
        List<String> given = Arrays.asList(more);
        if (!given.contains("-t")) {
            line.addAll(List.of("-t", "1"));
        }
        if (!given.contains("-r")) {
            line.addAll(List.of("-r", "1"));
        }
        if (!given.contains("--kernel")) {
            line.addAll(List.of("--kernel", "scalar"));
        }
        line.addAll(given);
        return CommandRun.of(line.toArray(String[]::new));
    }

    private CommandRun quick(String... more) {
        CommandRun run =
                bench(Stream.concat(Stream.of("--no-limits"), Stream.of(more)).toArray(String[]::new));
        assertThat(run.code()).as(run.err()).isZero();
        return run;
    }

    private static List<JsonNode> lines(CommandRun run) throws IOException {
        List<JsonNode> rows = new ArrayList<>();
        for (String line : run.out().lines().toList()) {
            rows.add(JSON.readTree(line));
        }
        return rows;
    }
}
