package dev.excitor.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// On a model made for the test: controls 0 to 2, bytes from 3, syllables from 259, and words such as "▁ba" from 359.
class TokenizeCommandTest {

    @TempDir
    Path folder;

    private String model = "";

    @BeforeEach
    void makeAModel() {
        model = folder.resolve("m.gguf").toString();
        CommandRun made = CommandRun.of(
                "synth",
                "--layers",
                "1",
                "--width",
                "32",
                "--heads",
                "1",
                "--ffn",
                "32",
                "--vocab-size",
                "400",
                "--pure",
                "--type",
                "Q4_0",
                "-o",
                model);
        assertThat(made.code()).as(made.err()).isZero();
    }

    @Test
    void printsNumbersOnOneLine() {
        CommandRun run = CommandRun.of("tokenize", "-m", model, "-p", "ba", "--ids");
        assertThat(run.code()).as(run.err()).isZero();
        assertThat(run.out()).isEqualTo("[1, 359]\n");
        assertThat(run.err()).isEmpty();
        assertThat(CommandRun.of("tokenize", "-m", model, "-p", "ba", "--ids", "--no-bos")
                        .out())
                .isEqualTo("[359]\n");
        assertThat(CommandRun.of("tokenize", "-m", model, "-p", "", "--ids", "--no-bos")
                        .out())
                .isEqualTo("[]\n");
    }

    @Test
    void printsOneTokenToALine() {
        CommandRun run = CommandRun.of("tokenize", "-m", model, "-p", "ba\n");
        assertThat(run.out()).isEqualTo("     1 -> '<s>'\n   359 -> ' ba'\n    13 -> '\\n'\n");
    }

    @Test
    void controlTokensInTheTextCountUnlessToldOtherwise() {
        assertThat(CommandRun.of("tokenize", "-m", model, "-p", "</s>", "--ids").out())
                .isEqualTo("[1, 2]\n");
        assertThat(CommandRun.of("tokenize", "-m", model, "-p", "</s>", "--ids", "--no-parse-special")
                        .out())
                .contains(String.valueOf(3 + '<'))
                .doesNotContain(", 2,");
    }

    @Test
    void readsFileAndStandardInputAlikeAndExactly() throws IOException {
        byte[] text = "b\u00e4 \uD83D\uDE00\n".getBytes(StandardCharsets.UTF_8);
        Path file = Files.write(folder.resolve("text"), text);
        String fromFile = CommandRun.of("tokenize", "-m", model, "-f", file.toString(), "--ids")
                .out();
        String fromInput =
                CommandRun.withInput(text, "tokenize", "-m", model, "--ids").out();
        assertThat(fromFile).isEqualTo(fromInput).endsWith(", " + (3 + '\n') + "]\n");
    }

    @Test
    void bytesThatAreNotUtf8AreTokensToo() {
        CommandRun run = CommandRun.withInput(new byte[] {(byte) 0xff, 'x'}, "tokenize", "-m", model, "--ids");
        assertThat(run.code()).isZero();
        assertThat(run.out()).contains(String.valueOf(3 + 0xff));
    }

    @Test
    void mistakesAreOneSentence() throws IOException {
        Path noModel = Files.writeString(folder.resolve("text"), "no GGUF");
        for (String[] line : new String[][] {
            {"tokenize", "-m", folder.resolve("absent").toString(), "-p", "x"},
            {"tokenize", "-m", noModel.toString(), "-p", "x"},
            {"tokenize", "-m", folder.toString(), "-p", "x"},
            {"tokenize", "-m", model, "-f", folder.resolve("absent").toString()},
            {"tokenize", "-m", model, "-f", folder.toString()},
        }) {
            CommandRun run = CommandRun.of(line);
            assertThat(run.code()).as(String.join(" ", line)).isEqualTo(1);
            assertThat(run.out()).isEmpty();
            assertThat(run.err()).startsWith("excitor: ").hasLineCount(1);
        }
        CommandRun both = CommandRun.of("tokenize", "-m", model, "-p", "x", "-f", "y");
        assertThat(both.code()).isEqualTo(2);
    }

    @Test
    void verboseShowsWhereAFailureCameFrom() {
        CommandRun run =
                CommandRun.of("tokenize", "-v", "-m", folder.resolve("absent").toString(), "-p", "x");
        assertThat(run.code()).isEqualTo(1);
        assertThat(run.err()).contains("ExcitorException", "\tat ");
    }
}
