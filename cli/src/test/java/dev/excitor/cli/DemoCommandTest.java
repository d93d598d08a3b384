package dev.excitor.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.excitor.runtime.checkpoint.Checkpoint;
import dev.excitor.runtime.checkpoint.CheckpointReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// The adapter that comes with the program: shown, measured, and made again.
class DemoCommandTest {

    @TempDir
    Path folder;

    @Test
    void showsBothRepliesAndTheAttentionMoved() {
        CommandRun run = CommandRun.of("demo", "-n", "3", "--seed", "5");
        assertThat(run.code()).as(run.err()).isZero();
        assertThat(run.out().split("without adapter:", -1)).hasSize(4);
        assertThat(run.out().split("with adapter:", -1)).hasSize(4);
        assertThat(run.out()).contains("of 3 without the adapter", "layer 0", "layer 4");
        assertThat(CommandRun.of("demo", "-n", "3", "--seed", "5").out()).isEqualTo(run.out());
        assertThat(CommandRun.of("demo", "-n", "3", "--seed", "6").out()).isNotEqualTo(run.out());
    }

    /// One row for each seed, and the figures of the README are no accident.
    @Test
    void evaluatesWithTheShippedAdapter() {
        CommandRun run = CommandRun.of("evaluate", "--adapter", ":answers", "-n", "60", "--seed", "11,12");
        assertThat(run.code()).as(run.err()).isZero();
        assertThat(run.out().lines()).hasSize(4);
        Matcher row = Pattern.compile("\\| \\d+ \\| 60 \\|((?: [\\d.]+ % \\|){6}) ([\\d.]+) \\|.*")
                .matcher(run.out());
        int rows = 0;
        while (row.find()) {
            rows++;
            String[] shares = row.group(1).replaceAll("[ %]", "").split("\\|", -1);
            assertThat(Double.parseDouble(shares[0])).as("answered by the base").isLessThan(50);
            assertThat(Double.parseDouble(shares[4]))
                    .as("answered with the adapter")
                    .isGreaterThan(80);
            assertThat(Double.parseDouble(shares[5]))
                    .as("right with the adapter")
                    .isGreaterThan(80);
            assertThat(Double.parseDouble(row.group(2))).as("KL").isBetween(0.0, 0.2);
        }
        assertThat(rows).isEqualTo(2);
    }

    @Test
    void evaluatesTheBaseAlone() {
        CommandRun run = CommandRun.of("evaluate", "-n", "5", "--seed", "1", "--show", "2", "--kinds");
        assertThat(run.code()).as(run.err()).isZero();
        assertThat(run.out()).contains("| 1 | 5 | ");
        assertThat(run.err()).contains("(wanted: ");
        Matcher kind = Pattern.compile("\\w+: \\d+ of (\\d+) right").matcher(run.out());
        assertThat(kind.results()
                        .mapToInt(found -> Integer.parseInt(found.group(1)))
                        .sum())
                .isEqualTo(5);
        assertThat(CommandRun.of("evaluate", "-n", "0").code()).isEqualTo(1);
    }

    @Test
    void teachWritesAnAdapterOfTheModel() {
        Path file = folder.resolve("a.gguf");
        CommandRun run =
                CommandRun.of("teach", "-o", file.toString(), "--steps", "20", "--examples", "32", "--seed", "4");
        assertThat(run.code()).as(run.err()).isZero();
        assertThat(run.err()).contains("update 20 of 20: loss ");
        try (Checkpoint adapter = CheckpointReader.open(file, CheckpointReader.Memory.COPIED)) {
            assertThat(adapter.metadata().string("adapter.type")).isEqualTo("excitor");
        }
        assertThat(CommandRun.of("info", ":story", file.toString()).code()).isZero();
        assertThat(CommandRun.of("teach", "-o", file.toString()).code())
                .as("an existing file is kept")
                .isEqualTo(1);
        assertThat(Files.exists(file)).isTrue();
    }

    /// The folder is looked for before the work, which may take half an hour.
    @ParameterizedTest
    @ValueSource(strings = {"teach", "pretrain"})
    void aFolderThatIsNotThereIsNoticedAtOnce(String command) {
        Path file = folder.resolve("none").resolve("a.gguf");
        CommandRun run = CommandRun.of(command, "-o", file.toString());
        assertThat(run.code()).isEqualTo(1);
        assertThat(run.err())
                .contains("-o must be a file that can be written", file.toString(), "there is no such folder")
                .hasLineCount(1);
    }
}
