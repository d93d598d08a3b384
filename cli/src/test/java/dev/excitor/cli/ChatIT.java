package dev.excitor.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/// `chat` as a process, through a pipe and at a terminal.
@DisabledOnOs(OS.WINDOWS)
@Timeout(120)
class ChatIT {

    private static final String CTRL_C = "\003";
    private static final String CTRL_D = "\004";

    @TempDir
    static Path folder;

    private static String model = "";

    @BeforeAll
    static void makeAModel() {
        model = TestFiles.talkativeModel(folder.resolve("m.gguf")).toString();
    }

    @Test
    void aScriptGetsAnswersAndNoEscapeCodes() throws Exception {
        try (ProgramProcess chat = ProgramProcess.start(chat("-n", "4", "-c", "400"))) {
            chat.type("ba\n");
            chat.out().await("\n");
            chat.type("be\n/exit\n");
            assertThat(chat.exitCode()).isZero();
            assertThat(chat.out().text()).doesNotContain("\033").hasLineCount(2);
            assertThat(chat.err().text()).isEqualTo(ProgramProcess.JVM_WARNING);
        }
    }

    @Test
    void anInterruptionEndsAScript() throws Exception {
        try (ProgramProcess chat = ProgramProcess.start(chat("-c", "1000000"))) {
            chat.type("ba\n");
            chat.out().await(50);
            chat.interrupt();
            assertThat(chat.exitCode()).isEqualTo(130);
        }
    }

    /// At a pseudo-terminal, which `script` of util-linux makes: what is typed there goes through its line
    /// discipline, which makes a signal of Ctrl-C.
    @Test
    @EnabledOnOs(OS.LINUX)
    void ctrlCStopsTheAnswerOrClearsTheLineAndCtrlDLeaves() throws Exception {
        assumeTrue(Files.isExecutable(Path.of("/usr/bin/script")), "SKIPPED: there is no /usr/bin/script");
        Path state = folder.resolve("state");
        String line = ProgramProcess.command(chat("-c", "1000000")).stream()
                .map(word -> "'" + word + "'")
                .collect(Collectors.joining(" ", "exec ", ""));
        try (ProgramProcess chat = ProgramProcess.start(
                List.of("/usr/bin/script", "--quiet", "--return", "--command", line, "/dev/null"),
                Map.of("TERM", "xterm", "XDG_STATE_HOME", state.toString(), "SHELL", "/bin/sh"))) {
            chat.out().await("template chatml");
            chat.out().await("> ");
            chat.type("ba be\r");
            chat.out().await("ba be");
            int before = chat.out().text().length();
            chat.out().await(before + 100);
            chat.type(CTRL_C);
            chat.out().await("Stopped.");
            chat.out().await("> ");
            chat.type("half a line" + CTRL_C);
            chat.out().await("> ");
            chat.type("/clear\r");
            chat.out().await("The conversation is empty.");
            chat.out().await("> ");
            chat.type(CTRL_D);
            assertThat(chat.exitCode()).isZero();
            assertThat(chat.out().text()).doesNotContain("Exception", "org.jline");
        }
        Path history = state.resolve("excitor/chat-history");
        assertThat(history).content().contains("ba be", "/clear").doesNotContain("half a line");
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(history)))
                .isEqualTo("rw-------");
    }

    private static String[] chat(String... more) {
        return Stream.concat(
                        Stream.of("chat", "-m", model, "--chat-template", "chatml", "--temp", "0", "--ignore-eos"),
                        Stream.of(more))
                .toArray(String[]::new);
    }
}
