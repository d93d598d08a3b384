package dev.excitor.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/// `train` as a process that is interrupted or killed, and gone on with: the numbers are those of one that never
/// stopped.
@DisabledOnOs(OS.WINDOWS)
@Timeout(180)
class TrainIT {

    private static final int UPDATES = 400;

    @TempDir
    private Path folder;

    private final List<String> common = new ArrayList<>();

    @BeforeEach
    void makeAModelAndData() throws IOException {
        Path model = TestFiles.talkativeModel(folder.resolve("m.gguf"));
        StringBuilder lines = new StringBuilder();
        for (int i = 0; i < 20; i++) {
            lines.append("{\"instruction\": \"ba %d\", \"output\": \"ba ba %d\"}\n".formatted(i, i % 3));
        }
        Path data = Files.writeString(folder.resolve("data.jsonl"), lines);
        common.addAll(List.of("train", "--base", model.toString(), "--data", data.toString(), "--batch", "2"));
        common.addAll(List.of("--epochs", "1000", "--steps", "" + UPDATES, "--prompts", "4", "--rank", "2", "-t", "2"));
        common.addAll(List.of("--checkpoint-every", "7", "--eval-every", "50"));
    }

    private String[] line(String output, String... more) {
        List<String> all = new ArrayList<>(common);
        all.addAll(List.of("-o", folder.resolve(output).toString()));
        all.addAll(List.of(more));
        return all.toArray(String[]::new);
    }

    @Test
    void anInterruptedAndThenKilledTrainingEndsLikeOneThatWasLeftAlone() throws Exception {
        assertThat(CommandRun.of(line("whole.gguf")).code()).isZero();
        try (ProgramProcess run = ProgramProcess.start(line("cut.gguf"))) {
            awaitUpdates(run, 20);
            run.interrupt();
            assertThat(run.exitCode()).isEqualTo(130);
            assertThat(run.err().text()).contains("go on with the same command and --resume");
        }
        assertThat(folder.resolve("cut.gguf")).doesNotExist();
        int interrupted = updates();
        try (ProgramProcess run = ProgramProcess.start(line("cut.gguf", "--resume"))) {
            awaitUpdates(run, interrupted + 40);
            run.kill();
        }
        assertThat(updates()).isLessThan(UPDATES);
        CommandRun last = CommandRun.of(line("cut.gguf", "--resume"));
        assertThat(last.code()).as(last.err()).isZero();
        assertThat(last.err()).contains("going on after update ");
        assertThat(losses("cut.metrics.jsonl")).isEqualTo(losses("whole.metrics.jsonl"));
        assertThat(Files.readAllBytes(folder.resolve("cut.gguf")))
                .isEqualTo(Files.readAllBytes(folder.resolve("whole.gguf")));
    }

    private void awaitUpdates(ProgramProcess run, int wanted) throws Exception {
        while (updates() < wanted && run.isAlive()) {
            Thread.sleep(10);
        }
        assertThat(run.isAlive()).as(run.err().text()).isTrue();
    }

    private int updates() throws IOException {
        Path metrics = folder.resolve("cut.metrics.jsonl");
        return Files.exists(metrics)
                ? (int) Files.readString(metrics)
                        .lines()
                        .filter(line -> line.contains("gradient_norm"))
                        .count()
                : 0;
    }

    private List<String> losses(String metrics) throws IOException {
        return Files.readAllLines(folder.resolve(metrics)).stream()
                .map(line -> line.replaceFirst(",\"seconds\":[^}]*", ""))
                .toList();
    }
}
