package dev.excitor.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine.Command;

class ExcitorTest {

    @Test
    void helpAndVersionGoToStandardOutput() {
        CommandRun help = CommandRun.of("--help");
        assertThat(help.code()).isZero();
        assertThat(help.out()).contains("Usage: excitor", "Exit codes", "Examples");
        assertThat(help.err()).isEmpty();

        CommandRun version = CommandRun.of("--version");
        assertThat(version.code()).isZero();
        assertThat(version.out()).startsWith("excitor 0.").doesNotContain("$");
    }

    /// A line that begins with a command's name gets that command alone, and others all of them.
    @ParameterizedTest
    @MethodSource("commands")
    void everyCommandDescribesItself(String command) {
        CommandRun run = CommandRun.of(command, "--help");
        assertThat(run.code()).isZero();
        assertThat(run.out()).contains("Usage: excitor " + command, "Examples");
        assertThat(CommandRun.of("help", command).out()).isEqualTo(run.out());
    }

    static List<String> commands() {
        return Commands.byName().keySet().stream()
                .filter(name -> !name.equals("help"))
                .toList();
    }

    @Test
    void commandsAreListedByTheirNames() {
        Commands.byName()
                .forEach((name, type) -> assertThat(name)
                        .isEqualTo(type.getAnnotation(Command.class).name()));
        String help = CommandRun.of("--help").out();
        assertThat(help)
                .contains(commands().stream().map(name -> "\n  " + name + " ").toList());
        assertThat(CommandRun.of("help").out()).isEqualTo(help);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "nonsense", "--nonsense", "synth --nonsense", "synth", "synth -o x --layers many"})
    void wrongUsageIsExitCode2(String line) {
        CommandRun run = CommandRun.of(line.isEmpty() ? new String[0] : line.split(" ", -1));
        assertThat(run.code()).isEqualTo(2);
        assertThat(run.out()).isEmpty();
        assertThat(run.err()).contains("excitor");
    }

    @Test
    void aReaderThatHasGoneIsNoFailure() {
        assertThat(runInto("Broken pipe", "--help")).isZero();
        assertThat(runInto("No space left on device", "--help")).isEqualTo(1);
    }

    private static int runInto(String failure, String... arguments) {
        OutputStream out = new OutputStream() {
            @Override
            public void write(int b) throws IOException {
                throw new IOException(failure);
            }
        };
        var err = new ByteArrayOutputStream();
        int code = Excitor.run(new Console(new ByteArrayInputStream(new byte[0]), out, err), arguments);
        assertThat(err.toString(StandardCharsets.UTF_8).isEmpty()).isEqualTo(code == 0);
        return code;
    }
}
