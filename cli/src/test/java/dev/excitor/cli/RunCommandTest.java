package dev.excitor.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RunCommandTest {

    private static final String GREEDY = "--temp 0 --ignore-eos -n 24";

    @TempDir
    static Path folder;

    private static Path model = Path.of("");

    @BeforeAll
    static void makeAModel() {
        model = TestFiles.talkativeModel(folder.resolve("m.gguf"));
    }

    @Test
    void standardOutputIsTheTextAndStandardErrorTheSummary() {
        CommandRun run = run("-n 5 --ignore-eos --seed 7", "-p", "ba be");
        assertThat(run.code()).isZero();
        assertThat(run.out()).isNotEmpty();
        assertThat(run.err())
                .contains("load ", "prompt      3 tokens", "generation  5 tokens", "tokens/s", "stopped by  -n")
                .containsPattern("(?m)^seed {8}7$")
                .doesNotContain(run.out());
    }

    @Test
    void theSeedDecidesTheText() {
        String text = run("-n 32 --ignore-eos --temp 2 --seed 1", "-p", "ba").out();
        assertThat(run("-n 32 --ignore-eos --temp 2 --seed 1", "-p", "ba").out())
                .isEqualTo(text);
        assertThat(run("-n 32 --ignore-eos --temp 2 --seed 2", "-p", "ba").out())
                .isNotEqualTo(text);
        for (long extreme : new long[] {Long.MIN_VALUE, Long.MAX_VALUE, 0, -1}) {
            assertThat(run("-n 1 --seed " + extreme, "-p", "ba").code()).isZero();
        }
    }

    @Test
    void greedyNeedsNoSeed() {
        CommandRun run = run(GREEDY, "-p", "ba");
        assertThat(run(GREEDY, "-p", "ba").out()).isEqualTo(run.out());
        assertThat(run.err()).doesNotContain("seed");
    }

    @Test
    void noTokensIsNoText() {
        CommandRun run = run("-n 0", "-p", "ba");
        assertThat(run.code()).isZero();
        assertThat(run.out()).isEmpty();
        assertThat(run.err()).contains("generation  0 tokens");
    }

    @Test
    void theEndOfTheContextEndsTheText() {
        CommandRun run = run("-c 16 -n -1 --ignore-eos --temp 0", "-p", "ba");
        assertThat(run.code()).isZero();
        assertThat(run.err()).contains("stopped by  the context");
    }

    @Test
    void filesAndStandardInputAreReadLikeAPromptOnTheCommandLine() throws IOException {
        String prompt = "ba b\u00e4 \uD83D\uDE00\nbe";
        byte[] bytes = prompt.getBytes(StandardCharsets.UTF_8);
        String expected = run(GREEDY, "-p", prompt).out();
        Path file = Files.write(folder.resolve("prompt"), bytes);
        assertThat(run(GREEDY, "-f", file.toString()).out()).isEqualTo(expected);
        Path edited = Files.writeString(folder.resolve("edited"), prompt + "\n");
        assertThat(run(GREEDY, "-f", edited.toString()).out())
                .as("the line end that editors write is not part of it")
                .isEqualTo(expected);
        assertThat(CommandRun.withInput(bytes, line(GREEDY)).out()).isEqualTo(expected);
    }

    @Test
    void thePromptAppearsWhenAskedFor() {
        String continuation = run(GREEDY, "-p", "ba be").out();
        assertThat(run(GREEDY + " --display-prompt", "-p", "ba be").out()).isEqualTo("ba be" + continuation);
        assertThat(run(GREEDY + " --no-display-prompt", "-p", "ba be").out()).isEqualTo(continuation);
    }

    @Test
    void aStopStringEndsTheTextEvenAcrossTokens() {
        String text = run(GREEDY, "-p", "ba").out();
        String stop = text.substring(9, 14);
        String before = text.substring(0, text.indexOf(stop));
        CommandRun run = run(GREEDY, "-p", "ba", "-r", "never", "--reverse-prompt", stop);
        assertThat(run.out()).isEqualTo(before);
        assertThat(run.err()).contains("stopped by  -r");
    }

    @Test
    void aForbiddenTokenDoesNotAppear() {
        // Token 289 is the syllable "ja"; with everything else made impossible it is the only one left.
        String all = Stream.iterate(0, token -> token < 400, token -> token + 1)
                .filter(token -> token != 289)
                .map(token -> "--logit-bias " + token + "-inf")
                .reduce("", (line, option) -> line + " " + option)
                .strip();
        assertThat(run("-n 3 " + all, "-p", "ba").out()).isEqualTo("jajaja");
        assertThat(run("-n 3 --temp 0 --logit-bias 289+1e6 --logit-bias 289+1e6", "-p", "ba")
                        .out())
                .isEqualTo("jajaja");
    }

    @Test
    void anAdapterOfScaleZeroChangesNothingAndOthersDo() throws IOException {
        Path adapter = TestFiles.adapter(folder.resolve("a.gguf"));
        String plain = run(GREEDY, "-p", "ba be bi").out();
        assertThat(run(GREEDY, "-p", "ba be bi", "--adapter", adapter + ":0").out())
                .isEqualTo(plain);
        CommandRun full = run(GREEDY, "-p", "ba be bi", "--adapter", adapter.toString());
        assertThat(full.code()).as(full.err()).isZero();
        assertThat(full.out()).isNotEqualTo(plain);
        assertThat(run(GREEDY, "-p", "ba be bi", "--adapter", adapter + ":1").out())
                .isEqualTo(full.out());
    }

    @Test
    void controlTokensInThePromptAreTextUnlessAskedFor() {
        assertThat(run("-n 0", "-p", "</s>").err()).contains("prompt      8 tokens");
        assertThat(run("-n 0 --parse-special", "-p", "</s>").err()).contains("prompt      2 tokens");
    }

    @Test
    void anyBytesAreAPrompt() throws IOException {
        assertThat(run("-n 1", "-p", "").code()).as("the opening token alone").isZero();
        Path notUtf8 = Files.write(folder.resolve("latin1"), new byte[] {'b', (byte) 0xe4, (byte) 0xff, 0, 'x'});
        CommandRun run = run("-n 1", "-f", notUtf8.toString());
        assertThat(run.code()).isZero();
        assertThat(run.err()).contains("prompt      9 tokens");
    }

    @ParameterizedTest
    @CsvSource({
        "--temp NaN, 1",
        "--temp -0.1, 1",
        "--temp Infinity, 1",
        "--top-p 1.5, 1",
        "--top-p -1, 1",
        "--top-p NaN, 1",
        "--min-p 2, 1",
        "--typical -1, 1",
        "--top-k -1, 1",
        "--repeat-penalty 0, 1",
        "--repeat-last-n -2, 1",
        "--presence-penalty NaN, 1",
        "--frequency-penalty Infinity, 1",
        "--logit-bias 400+1, 1",
        "--logit-bias 5+inf, 1",
        "--logit-bias 5, 2",
        "--logit-bias 5+x, 2",
        "--logit-bias 5+e, 2",
        "--logit-bias 99999999999+1, 2",
        "-r '', 1",
        "-n -2, 1",
        "-n 99999999999, 2",
        "-s 99999999999999999999, 2",
        "-c -1, 1",
        "-c 2, 1",
        "-c 2147483648, 2",
        "-b 0, 1",
        "-ub 0, 1",
        "-t -1, 1",
        "--vector-bits 64, 1",
        "--kernel fast, 2",
        "-ctk q8, 2",
        "-ctk f16 -ctv f32, 1",
        "--adapter /no/such/file, 1",
        "--adapter '', 2",
        "-f /no/such/file, 2",
        "--no-such-option, 2"
    })
    void aWrongOptionIsOneSentence(String options, int code) {
        String[] words = options.replace("''", "").split(" ", -1);
        CommandRun run = CommandRun.of(Stream.concat(Stream.of(line("-p", "ba be bi")), Stream.of(words))
                .toArray(String[]::new));
        assertThat(run.code()).as(run.err()).isEqualTo(code);
        assertThat(run.out()).isEmpty();
        assertThat(run.err()).startsWith("excitor: ").hasLineCount(1);
    }

    @Test
    void wrongFilesAreOneSentence() throws IOException {
        Path noModel = Files.writeString(folder.resolve("text"), "no GGUF");
        Path adapter = TestFiles.adapterOfAnotherBase(folder.resolve("other.gguf"));
        for (String[] line : new String[][] {
            {"run", "-m", folder.resolve("absent").toString(), "-p", "x"},
            {"run", "-m", noModel.toString(), "-p", "x"},
            {"run", "-m", folder.toString(), "-p", "x"},
            {"run", "-m", adapter.toString(), "-p", "x"},
            {"run", "-m", model.toString(), "-f", folder.resolve("absent").toString()},
            {"run", "-m", model.toString(), "-f", folder.toString()},
            {"run", "-m", model.toString(), "-p", "x", "--adapter", adapter.toString()},
            {"run", "-m", model.toString(), "-p", "x", "--adapter", model.toString()},
            {"run", "-m", model.toString(), "-p", "x", "--adapter", noModel.toString()},
        }) {
            CommandRun run = CommandRun.of(line);
            assertThat(run.code()).as(String.join(" ", line)).isEqualTo(1);
            assertThat(run.out()).isEmpty();
            assertThat(run.err()).startsWith("excitor: ").hasLineCount(1);
        }
    }

    @Test
    void logitsThatAreNoNumbersAreOneSentence() throws IOException {
        Path damaged = TestFiles.modelWithNaN(folder.resolve("nan.gguf"));
        CommandRun run = CommandRun.of("run", "-m", damaged.toString(), "-p", "ba", "-n", "4");
        assertThat(run.code()).isEqualTo(1);
        assertThat(run.out()).isEmpty();
        assertThat(run.err()).startsWith("excitor: ").contains("NaN").hasLineCount(1);
    }

    @Test
    void aReaderThatHasGoneEndsTheGenerationQuietly() {
        CommandRun run = runUntil("Broken pipe");
        assertThat(run.code()).isZero();
        assertThat(run.err()).isEmpty();
    }

    @Test
    void outputThatCannotBeWrittenIsOneSentence() {
        CommandRun run = runUntil("No space left on device");
        assertThat(run.code()).isEqualTo(1);
        assertThat(run.err()).startsWith("excitor: ").contains("No space").hasLineCount(1);
    }

    /// With a standard output whose fourth write fails, and that is not written to again.
    private static CommandRun runUntil(String failure) {
        AtomicInteger writes = new AtomicInteger();
        OutputStream out = new OutputStream() {
            @Override
            public void write(int b) throws IOException {
                if (writes.incrementAndGet() > 3) {
                    throw new IOException(failure);
                }
            }

            @Override
            public void write(byte[] bytes, int from, int count) throws IOException {
                write(0);
            }
        };
        var err = new ByteArrayOutputStream();
        Console console = new Console(new ByteArrayInputStream(new byte[0]), out, err);
        int code = Excitor.run(console, line(GREEDY, "-p", "ba"));
        assertThat(writes).hasValue(4);
        return new CommandRun(code, "", err.toString(StandardCharsets.UTF_8));
    }

    /// @param options separated by spaces
    /// @param more    further options, as they are
    private static CommandRun run(String options, String... more) {
        return CommandRun.of(line(options, more));
    }

    private static String[] line(String options, String... more) {
        return Stream.of(Stream.of("run", "-m", model.toString()), Stream.of(options.split(" ", -1)), Stream.of(more))
                .flatMap(part -> part)
                .toArray(String[]::new);
    }
}
