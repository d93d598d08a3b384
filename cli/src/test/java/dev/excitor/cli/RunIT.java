package dev.excitor.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/// `run` as a process: signals, pipes and exit codes.
@DisabledOnOs(OS.WINDOWS)
@Timeout(120)
class RunIT {

    @TempDir
    static Path folder;

    private static String model = "";

    @BeforeAll
    static void makeAModel() {
        model = TestFiles.talkativeModel(folder.resolve("m.gguf")).toString();
    }

    @Test
    void writesTheTextAndTheSummary() throws Exception {
        try (ProgramProcess run = ProgramProcess.start(line("-n", "12"))) {
            assertThat(run.exitCode()).isZero();
            assertThat(run.out().text())
                    .isEqualTo(CommandRun.of(line("-n", "12")).out());
            assertThat(run.err().text()).startsWith(ProgramProcess.JVM_WARNING + "\nload ");
        }
    }

    @Test
    void anInterruptionKeepsTheTextAndSaysTheSummary() throws Exception {
        try (ProgramProcess run = endless()) {
            run.out().await(50);
            run.interrupt();
            assertThat(run.exitCode()).isEqualTo(130);
            assertThat(run.err().text())
                    .startsWith(ProgramProcess.JVM_WARNING + "\nload ")
                    .endsWith("stopped by  interruption\n");
            Matcher generated = Pattern.compile("generation {2}(\\d+) tokens")
                    .matcher(run.err().text());
            assertThat(generated.find()).isTrue();
            assertThat(run.out().text())
                    .isEqualTo(CommandRun.of(line("-n", generated.group(1))).out());
        }
    }

    @Test
    void aReaderThatHasGoneEndsItQuietly() throws Exception {
        try (ProgramProcess run = endless()) {
            run.out().await(50);
            run.stopReading();
            assertThat(run.exitCode()).isZero();
            assertThat(run.err().text()).isEqualTo(ProgramProcess.JVM_WARNING);
        }
    }

    @Test
    void readsThePromptFromAPipe() throws Exception {
        try (ProgramProcess run = ProgramProcess.start("run", "-m", model, "-n", "3", "--temp", "0")) {
            run.type("ba be\n");
            run.endInput();
            assertThat(run.exitCode()).isZero();
            assertThat(run.out().text())
                    .isEqualTo(CommandRun.of("run", "-m", model, "-n", "3", "--temp", "0", "-p", "ba be")
                            .out());
        }
    }

    private static ProgramProcess endless() throws Exception {
        return ProgramProcess.start(line("-n", "-1"));
    }

    private static String[] line(String... more) {
        String[] line = {"run", "-m", model, "-p", "ba", "--temp", "0", "--ignore-eos", "-c", "1000000"};
        return Stream.concat(Stream.of(line), Stream.of(more)).toArray(String[]::new);
    }
}
