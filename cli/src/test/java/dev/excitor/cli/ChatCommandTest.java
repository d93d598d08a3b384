package dev.excitor.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// `chat` as a script uses it: messages from standard input, answers to standard output.
class ChatCommandTest {

    private static final String GREEDY = "--chat-template llama2 -n 6 --temp 0 --ignore-eos -c 400";

    @TempDir
    static Path folder;

    private static Path model = Path.of("");

    @BeforeAll
    static void makeAModel() {
        model = TestFiles.talkativeModel(folder.resolve("m.gguf"));
    }

    @Test
    void answersGoToStandardOutputAndNothingElse() {
        CommandRun run = chat("ba be\nbi\n", GREEDY);
        assertThat(run.code()).as(run.err()).isZero();
        assertThat(run.out().lines()).hasSize(2).doesNotHaveDuplicates();
        assertThat(run.out()).doesNotContain("\033", "ba be", "> ");
        assertThat(run.err()).isEmpty();
    }

    @Test
    void blankLinesAndTheEndAreNoMessages() {
        assertThat(chat("", GREEDY).out()).isEmpty();
        assertThat(chat("\n  \n\t\n", GREEDY).out()).isEmpty();
        assertThat(chat("ba", GREEDY).out()).isEqualTo(chat("ba\n", GREEDY).out());
    }

    @Test
    void aMessageMayHaveSeveralLines() {
        String expected = chat("\"\"\"\nba\nbe\n\"\"\"\n", GREEDY).out();
        assertThat(expected.lines()).hasSize(1);
        assertThat(chat("ba\\\nbe\n", GREEDY).out()).isEqualTo(expected);
        assertThat(chat("ba\nbe\n", GREEDY).out().lines()).hasSize(2);
    }

    @Test
    void exitLeaves() {
        CommandRun run = chat("ba\n/exit\nbe\n", GREEDY);
        assertThat(run.code()).isZero();
        assertThat(run.out().lines()).hasSize(1);
    }

    @Test
    void helpListsTheCommandsAndTheRest() {
        CommandRun run = chat("/help\n", GREEDY);
        assertThat(run.out()).isEmpty();
        assertThat(run.err()).contains("/adapter", "/clear", "/exit", "/help", "backslash", "\"\"\"", "Ctrl-C");
    }

    @ParameterizedTest
    @ValueSource(strings = {"/nonsense", "/", "/clearance now"})
    void anUnknownCommandIsOneSentenceAndNoMessage(String command) {
        CommandRun run = chat(command + "\nba\n", GREEDY);
        assertThat(run.code()).isZero();
        assertThat(run.err()).contains("is no command").hasLineCount(1);
        assertThat(run.out()).isEqualTo(chat("ba\n", GREEDY).out());
    }

    @Test
    void aMessageMayBeginWithASlashAfterASpace() {
        CommandRun run = chat(" /ba\n", GREEDY);
        assertThat(run.out().lines()).hasSize(1);
        assertThat(run.err()).isEmpty();
    }

    @Test
    void clearStartsAnew() {
        List<String> answers =
                chat("ba\nbe\n/clear\nba\nbe\n", GREEDY).out().lines().toList();
        assertThat(answers.subList(2, 4)).isEqualTo(answers.subList(0, 2));
    }

    @Test
    void theAdapterChangesInTheMiddle() throws IOException {
        Path adapter = TestFiles.adapter(folder.resolve("a.gguf"));
        String plain = chat("ba\nbe\n", GREEDY).out();
        CommandRun swapped = chat("ba\n/adapter " + adapter + ":0.5\nbe\n", GREEDY);
        assertThat(swapped.err()).contains(adapter + " at scale 0.5").hasLineCount(1);
        assertThat(line(swapped, 0)).isEqualTo(plain.lines().findFirst().orElseThrow());
        assertThat(swapped.out()).isNotEqualTo(plain);
        assertThat(chat("/adapter " + adapter + "\nba\n", GREEDY).out())
                .isEqualTo(chat("ba\n", GREEDY + " --adapter " + adapter).out());
        assertThat(chat("/adapter\nba\n", GREEDY + " --adapter " + adapter).out())
                .isEqualTo(chat("ba\n", GREEDY).out());
    }

    @Test
    void anAdapterThatCannotBeUsedIsOneSentenceAndTheConversationGoesOn() throws IOException {
        Path other = TestFiles.adapterOfAnotherBase(folder.resolve("other.gguf"));
        Path text = Files.writeString(folder.resolve("text"), "no GGUF");
        for (String name : List.of("/no/such/file", other.toString(), text.toString(), folder.toString(), "a\0b")) {
            CommandRun run = chat("ba\n/adapter " + name + "\nbe\n", GREEDY);
            assertThat(run.code()).as(name).isZero();
            assertThat(run.err()).startsWith("excitor: ").hasLineCount(1);
            assertThat(run.out()).isEqualTo(chat("ba\nbe\n", GREEDY).out());
        }
    }

    @Test
    void aFullContextIsSaidWithTheRemedyAndTheConversationCanBeCleared() {
        String small = GREEDY + " -c 40 -n -1";
        CommandRun run = chat("ba\nbe\n/clear\nba\n", small);
        assertThat(run.code()).isZero();
        assertThat(run.err()).contains("cut short", "does not fit", "/clear", "-c ");
        assertThat(line(run, 1)).isEqualTo(line(run, 0));
    }

    @Test
    void theSystemPromptCounts() {
        assertThat(chat("ba\n", GREEDY, "-sys", "be brief").out())
                .isNotEqualTo(chat("ba\n", GREEDY).out());
    }

    @Test
    void theTemplateIsTheFilesUnlessAnotherIsChosen() throws IOException {
        String markers = "{{'<|im_start|>' + message['role']}}";
        Path withTemplate = withTemplate("t.gguf", markers);
        String greedy = GREEDY.replace("--chat-template llama2 ", "");
        String[] own = line(withTemplate, greedy);
        assertThat(chat("ba\n", own).out())
                .isEqualTo(chat("ba\n", line(model, greedy + " --chat-template ChatML"))
                        .out());
        assertThat(chat("ba\n", line(withTemplate, GREEDY)).out())
                .isEqualTo(chat("ba\n", GREEDY).out());

        Path unknown = withTemplate("u.gguf", "{{ something new }}");
        for (Path file : List.of(unknown, model)) {
            CommandRun run = chat("ba\n", line(file, greedy));
            assertThat(run.code()).isEqualTo(1);
            assertThat(run.err()).contains("--chat-template", "vicuna").hasLineCount(1);
        }
    }

    @ParameterizedTest
    @CsvSource({
        "--chat-template nonsense, 1",
        "--temp NaN, 1",
        "-n -2, 1",
        "-c -1, 1",
        "--adapter /no/such/file, 1",
        "--logit-bias 400+1, 1",
        "-r '', 1",
        "-s x, 2",
        "-p hello, 2"
    })
    void aWrongOptionIsOneSentence(String options, int code) {
        CommandRun run = chat("ba\n", GREEDY, options.replace("''", "").split(" ", -1));
        assertThat(run.code()).as(run.err()).isEqualTo(code);
        assertThat(run.out()).isEmpty();
        assertThat(run.err()).startsWith("excitor: ").hasLineCount(1);
    }

    @Test
    void logitsThatAreNoNumbersAreOneSentence() throws IOException {
        CommandRun run = chat("ba\n", line(TestFiles.modelWithNaN(folder.resolve("nan.gguf")), GREEDY));
        assertThat(run.code()).isEqualTo(1);
        assertThat(run.out()).isEmpty();
        assertThat(run.err()).startsWith("excitor: ").contains("NaN").hasLineCount(1);
    }

    @Test
    void bytesThatAreNotUtf8AreAMessageToo() {
        byte[] input = {'b', (byte) 0xff, 'a', '\n'};
        assertThat(CommandRun.withInput(input, line(model, GREEDY)).out().lines())
                .hasSize(1);
    }

    @Test
    void aReaderThatHasGoneEndsTheChatQuietly() {
        OutputStream out = new OutputStream() {
            @Override
            public void write(int b) throws IOException {
                throw new IOException("Broken pipe");
            }
        };
        var err = new ByteArrayOutputStream();
        byte[] input = "ba\nbe\n".getBytes(StandardCharsets.UTF_8);
        assertThat(Excitor.run(new Console(new ByteArrayInputStream(input), out, err), line(model, GREEDY)))
                .isZero();
        assertThat(err.toString(StandardCharsets.UTF_8)).isEmpty();
    }

    private static Path withTemplate(String name, String template) throws IOException {
        return TestFiles.variant(
                model, folder.resolve(name), writer -> writer.string("tokenizer.chat_template", template));
    }

    private static String line(CommandRun run, int index) {
        return run.out().lines().skip(index).findFirst().orElseThrow();
    }

    private static CommandRun chat(String input, String options, String... more) {
        return chat(input, line(model, options, more));
    }

    private static CommandRun chat(String input, String[] line) {
        return CommandRun.withInput(input.getBytes(StandardCharsets.UTF_8), line);
    }

    private static String[] line(Path file, String options, String... more) {
        return Stream.of(Stream.of("chat", "-m", file.toString()), Stream.of(options.split(" ", -1)), Stream.of(more))
                .flatMap(part -> part)
                .toArray(String[]::new);
    }
}
