package dev.excitor.train.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.excitor.loaders.gguf.GgufReader;
import dev.excitor.model.chat.ChatTemplates;
import dev.excitor.model.tokenizer.Tokenizer;
import dev.excitor.runtime.ExcitorException;
import dev.excitor.runtime.checkpoint.Checkpoint;
import dev.excitor.runtime.checkpoint.CheckpointReader;
import dev.excitor.train.Example;
import dev.excitor.train.ToyModel;
import dev.excitor.train.ops.Sequences;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Files of records: what is read, what is learned of it, and what is said about lines that cannot be used.
class TrainingDataTest {

    @TempDir
    private Path folder;

    private Tokenizer tokenizer() {
        Path file = ToyModel.tiny().write(folder.resolve("toy.gguf"));
        try (Checkpoint model = new GgufReader().read(file, CheckpointReader.Memory.COPIED)) {
            return Tokenizer.of(model.metadata());
        }
    }

    private DataOptions options(String template, boolean skipBad) {
        return new DataOptions(tokenizer(), ChatTemplates.of(template), 1000, skipBad, 0, 1);
    }

    private Path file(String text) throws IOException {
        return Files.writeString(folder.resolve("data.jsonl"), text);
    }

    /// What the model is to write: the text of all targets, and whether the end comes last.
    private String learned(Tokenizer tokenizer, Example example) {
        int[] targets = IntStream.of(example.targets())
                .filter(target -> target != Sequences.UNSCORED)
                .toArray();
        String text = "";
        for (int target : targets) {
            text += target == tokenizer.vocabulary().eos() ? "<END>" : tokenizer.decode(target);
        }
        return text;
    }

    @Test
    void instructionsBecomeAlpacaPrompts() throws IOException {
        Path file = file("""
                {"instruction": "Say a.", "input": "", "output": "a"}
                {"instruction": "Say it.", "input": "bb", "output": "bb", "other": [1, {"x": null}]}

                {"instruction": "Say c.", "output": "c \\u00e9"}
                """);
        Tokenizer tokenizer = tokenizer();
        List<Example> examples =
                TrainingData.read(file, options("alpaca", false)).examples();
        assertThat(examples).hasSize(3);
        assertThat(examples.get(0).tokens()[0]).isEqualTo(tokenizer.vocabulary().bos());
        assertThat(tokenizer.decode(examples.get(0).tokens()))
                .isEqualTo(
                        "Below is an instruction that describes a task. Write a response that appropriately completes"
                                + " the request.\n\n### Instruction:\nSay a.\n\n### Response:a");
        assertThat(tokenizer.decode(examples.get(1).tokens()))
                .isEqualTo("Below is an instruction that describes a task, paired with an input that provides further"
                        + " context. Write a response that appropriately completes the request.\n\n### Instruction:\n"
                        + "Say it.\n\n### Input:\nbb\n\n### Response:bb");
        assertThat(learned(tokenizer, examples.get(0))).isEqualTo("a<END>");
        assertThat(learned(tokenizer, examples.get(1))).isEqualTo("bb<END>");
        assertThat(examples.get(2).scored()).isEqualTo(5);
    }

    @Test
    void anArrayOfInstructionsIsTheSame() throws IOException {
        String records = """
                {"instruction": "Say a.", "input": "", "output": "a"}
                {"instruction": "Say it.", "input": "bb", "output": "bb"}
                """;
        List<Example> lines =
                TrainingData.read(file(records), options("alpaca", false)).examples();
        String array = "\n [" + String.join(",\n", records.lines().toList()) + "]\n";
        List<Example> elements =
                TrainingData.read(file(array), options("alpaca", false)).examples();
        assertThat(elements).hasSize(2);
        for (int i = 0; i < 2; i++) {
            assertThat(elements.get(i).tokens()).isEqualTo(lines.get(i).tokens());
            assertThat(elements.get(i).targets()).isEqualTo(lines.get(i).targets());
        }
    }

    @Test
    void everyAnswerOfAConversationIsLearnedAndNothingElse() throws IOException {
        Path file = file("""
                {"messages": [{"role": "system", "content": "S"}, {"role": "user", "content": "q1"},
                """.strip() + """
                 {"role": "assistant", "content": "a1"}, {"role": "user", "content": "q2"},\
                 {"role": "assistant", "content": "a2"}]}
                """);
        Tokenizer tokenizer = tokenizer();
        for (String template : List.of("alpaca", "chatml", "llama2", "vicuna")) {
            Example example =
                    TrainingData.read(file, options(template, false)).examples().getFirst();
            String learned = learned(tokenizer, example).replace(" ", "");
            assertThat(learned).as(template).isEqualTo("a1<END>a2<END>");
            assertThat(tokenizer.decode(example.tokens())).as(template).contains("S", "q1", "q2");
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            [1, 2]                                                                       | expected a JSON object
            nonsense                                                                     | not JSON
            {"instruction": "x"                                                          | not JSON
            {"instruction": "x"}                                                         | output is missing
            {"output": "x"}                                                              | instruction is missing
            {"text": "x"}                                                                | all are missing
            {"instruction": 7, "output": "x"}                                            | expected a text, found 7
            {"instruction": "x", "output": "  "}                                         | an answer is empty
            {"messages": []}                                                             | no messages
            {"messages": {"role": "user"}}                                               | expected an array
            {"messages": [{"role": "user", "content": "x"}]}                             | not the assistant's
            {"messages": [{"role": "robot", "content": "x"}]}                            | found robot
            {"messages": [{"role": "user"}]}                                             | content
            {"messages": [7]}                                                            | expected objects
            {"messages": [{"role": "assistant", "content": "x"}]}                        | no prompt before it
            {"instruction": "x", "output": "x"} {}                                       | something behind it
            """)
    void badLinesAreNamedOrCounted(String line, String reason) throws IOException {
        Path file = file("{\"instruction\": \"i\", \"output\": \"o\"}\n" + (line.startsWith("[1") ? " 5" : line)
                + "\n{\"instruction\": \"i\", \"output\": \"o\"}\n");
        assertThatThrownBy(() -> TrainingData.read(file, options("alpaca", false)))
                .isInstanceOf(ExcitorException.MalformedFile.class)
                .hasMessageContaining("line 2:")
                .hasMessageContaining(reason)
                .hasMessageContaining("--skip-bad");
        TrainingData data = TrainingData.read(file, options("alpaca", true));
        assertThat(data.examples()).hasSize(2);
        assertThat(data.badCount()).isEqualTo(1);
        assertThat(data.bad().getFirst()).startsWith("line 2:").contains(reason);
    }

    @Test
    void deepNestingAndBytesThatAreNoTextAreBadLines() throws IOException {
        String deep = "{\"x\": " + "[".repeat(100_000) + "]".repeat(100_000) + "}";
        byte[] broken = "{\"instruction\": \"\u00ff\", \"output\": \"o\"}".getBytes(StandardCharsets.ISO_8859_1);
        Path file = file(deep + "\n");
        Files.write(file, broken, StandardOpenOption.APPEND);
        Files.writeString(file, "\n{\"instruction\": \"i\", \"output\": \"o\"}", StandardOpenOption.APPEND);
        TrainingData data = TrainingData.read(file, options("alpaca", true));
        assertThat(data.badCount()).isEqualTo(2);
        assertThat(data.examples()).hasSize(1);
    }

    @Test
    void aFileWithoutRecordsAndAnArrayThatBreaksOffAreRefused() throws IOException {
        for (String text : List.of("", "\n\n", "[]", "[{\"instruction\": \"i\", \"output\": \"o\"}, {", "nonsense")) {
            Path file = file(text);
            assertThatThrownBy(() -> TrainingData.read(file, options("alpaca", true)))
                    .as(text)
                    .isInstanceOf(ExcitorException.MalformedFile.class)
                    .hasMessageContaining("data.jsonl");
        }
        assertThatThrownBy(() -> TrainingData.read(folder.resolve("missing"), options("alpaca", true)))
                .isInstanceOf(ExcitorException.MalformedFile.class);
    }

    @Test
    void longExamplesAreCutAndThoseWithoutAnAnswerLeftAreBad() throws IOException {
        Path file = file("{\"instruction\": \"i\", \"output\": \"%s\"}\n".formatted("o".repeat(500)));
        DataOptions wanted = options("alpaca", true);
        DataOptions some = new DataOptions(wanted.tokenizer(), wanted.template(), 200, true, 0, 1);
        TrainingData data = TrainingData.read(file, some);
        assertThat(data.cut()).isEqualTo(1);
        assertThat(data.examples().getFirst().tokens()).hasSize(200);
        DataOptions few = new DataOptions(wanted.tokenizer(), wanted.template(), 20, false, 0, 1);
        assertThatThrownBy(() -> TrainingData.read(file, few)).hasMessageContaining("the prompt alone");
    }

    @Test
    void validationExamplesAreChosenBySeedAndNotLearned() throws IOException {
        Path file = file("{\"instruction\": \"i\", \"output\": \"%d\"}\n".repeat(20));
        StringBuilder lines = new StringBuilder();
        for (int i = 0; i < 20; i++) {
            lines.append("{\"instruction\": \"i\", \"output\": \"%02d\"}\n".formatted(i));
        }
        Files.writeString(file, lines);
        DataOptions share = options("alpaca", false).validation(0.25);
        TrainingData data = TrainingData.read(file, share);
        assertThat(data.examples()).hasSize(15);
        assertThat(data.validation()).hasSize(5);
        assertThat(data.examples()).doesNotContainAnyElementsOf(data.validation());
        TrainingData again = TrainingData.read(file, share);
        TrainingData other = TrainingData.read(file, share.seed(2));
        assertThat(last(again)).isEqualTo(last(data));
        assertThat(last(other)).isNotEqualTo(last(data));
    }

    /// What tells the validation examples apart: their last tokens.
    private static List<Integer> last(TrainingData data) {
        return data.validation().stream()
                .map(example -> 1000 * example.tokens()[example.tokens().length - 2]
                        + example.tokens()[example.tokens().length - 1])
                .toList();
    }
}
