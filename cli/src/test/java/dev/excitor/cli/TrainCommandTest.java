package dev.excitor.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// `excitor train` on a model and data made for the test.
class TrainCommandTest {

    @TempDir
    Path folder;

    @BeforeEach
    void makeAModelAndData() throws IOException {
        CommandRun made = CommandRun.of(
                "synth",
                "--layers",
                "2",
                "--width",
                "32",
                "--heads",
                "2",
                "--ffn",
                "32",
                "--vocab-size",
                "400",
                "--pure",
                "--type",
                "Q8_0",
                "-o",
                path("m.gguf"));
        assertThat(made.code()).as(made.err()).isZero();
        StringBuilder lines = new StringBuilder();
        for (int i = 0; i < 20; i++) {
            lines.append("{\"instruction\": \"ba %d\", \"output\": \"ba ba %d\"}\n".formatted(i, i % 3));
        }
        Files.writeString(folder.resolve("data.jsonl"), lines);
    }

    private String path(String name) {
        return folder.resolve(name).toString();
    }

    private CommandRun train(String... more) {
        List<String> all = new ArrayList<>(List.of(
                "train",
                "--base",
                path("m.gguf"),
                "--data",
                path("data.jsonl"),
                "-o",
                path("a.gguf"),
                "--batch",
                "4",
                "--layers",
                "1",
                "--prompts",
                "4",
                "--rank",
                "2"));
        all.addAll(List.of(more));
        return CommandRun.of(all.toArray(String[]::new));
    }

    @Test
    void writesAnAdapterThatRunsWithMetricsChartsAndAReport() throws IOException {
        Path general = Files.writeString(folder.resolve("general.txt"), "ba be bi ".repeat(60));
        CommandRun run = train("--epochs", "2", "--general", general.toString());
        assertThat(run.code()).as(run.err()).isZero();
        assertThat(run.out()).contains("loss, examples not learned", "KL to the base", "attention moved");
        assertThat(run.err()).contains("19 examples to learn, 1 to measure", "update 10 of 10", "tokens/s", "left");
        List<String> metrics = Files.readAllLines(folder.resolve("a.metrics.jsonl"));
        assertThat(metrics).filteredOn(line -> line.contains("gradient_norm")).hasSize(10);
        assertThat(metrics).filteredOn(line -> line.contains("validation_loss")).hasSize(3);
        for (String chart : List.of("a.loss.png", "a.report.png")) {
            assertThat(ImageIO.read(folder.resolve(chart).toFile()).getWidth()).isEqualTo(960);
        }
        assertThat(folder.resolve("a.checkpoint.gguf")).doesNotExist();
        CommandRun used = CommandRun.of(
                "run", "-m", path("m.gguf"), "--adapter", path("a.gguf"), "-p", "ba", "-n", "2", "--temp", "0");
        assertThat(used.code()).as(used.err()).isZero();
    }

    @Test
    void saysWhichLineIsBadAndLeavesItOutWhenAsked() throws IOException {
        Files.writeString(
                folder.resolve("data.jsonl"),
                "{\"instruction\": \"ba\"}\n{\"instruction\": \"a\", \"output\": \"b\"}\n");
        CommandRun run = train();
        assertThat(run.code()).isEqualTo(1);
        assertThat(run.err()).contains("data.jsonl: line 1: ", "output is missing", "--skip-bad");
        CommandRun skipped = train("--skip-bad", "--validation", "0", "--epochs", "1");
        assertThat(skipped.code()).as(skipped.err()).isZero();
        assertThat(skipped.err()).contains("1 records were left out", "line 1: ");
        assertThat(skipped.out()).contains("loss, examples learned");
    }

    @Test
    void refusesWhatWouldOverwriteOrCouldNotLearn() throws IOException {
        Files.writeString(folder.resolve("a.gguf"), "precious");
        CommandRun taken = train();
        assertThat(taken.code()).isEqualTo(1);
        assertThat(taken.err()).contains("--force", "taken by");
        assertThat(folder.resolve("a.gguf")).hasContent("precious");
        assertThat(train("--force", "--init-gate", "0").err()).contains("gradients");
        assertThat(train("--force", "--lr", "0").err()).contains("learning rate");
        assertThat(train("--force", "--layers", "7").err()).contains("from 0 to 1");
        assertThat(train("--force", "--betas", "0.9").err()).contains("betas");
    }
}
