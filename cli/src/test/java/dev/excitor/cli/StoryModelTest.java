package dev.excitor.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.excitor.model.Model;
import dev.excitor.model.Session;
import dev.excitor.model.evaluation.LogProbabilities;
import dev.excitor.model.tokenizer.EncodeOptions;
import dev.excitor.models.Shipped;
import dev.excitor.train.corpus.Split;
import dev.excitor.train.corpus.StoryCorpus;
import dev.excitor.train.task.TaskScore;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

/// The model that comes with the program, as commands find it and as good as its card says.
class StoryModelTest {

    private static final String BEGINNING = "Once upon a time there were two friends, Mia and Tom.";

    @Test
    void isTakenWhereNoneIsGiven() {
        CommandRun run = CommandRun.of("run", BEGINNING, "--temp", "0", "-n", "40");
        assertThat(run.code()).as(run.err()).isZero();
        assertThat(run.out()).containsAnyOf("Mia", "Tom").contains(".");
        assertThat(CommandRun.of("run", "-m", ":story", "-p", BEGINNING, "--temp", "0", "-n", "40")
                        .out())
                .isEqualTo(run.out());
    }

    @Test
    void otherCommandsTakeItToo() {
        CommandRun tokens = CommandRun.of("tokenize", "Mia had a kite.", "--ids", "--no-bos");
        assertThat(tokens.code()).as(tokens.err()).isZero();
        assertThat(tokens.out().split(",", -1)).hasSize(5);
        CommandRun info = CommandRun.of("info", ":story");
        assertThat(info.code()).as(info.err()).isZero();
        assertThat(info.out()).contains("Q8_0", "Excitor story");
    }

    @Test
    void anUnknownNameIsOneSentence() {
        for (String[] line : new String[][] {
            {"run", "-m", ":novel", "-p", "x"}, {"info", ":novel"}, {"run", "-p", "x", "--adapter", ":novel"}
        }) {
            CommandRun run = CommandRun.of(line);
            assertThat(run.code()).as(String.join(" ", line)).isNotZero();
            assertThat(run.out()).isEmpty();
            assertThat(run.err())
                    .startsWith("excitor: ")
                    .contains(":novel", ":story")
                    .hasLineCount(1);
        }
    }

    @Test
    void aTextIsGivenOnce() {
        CommandRun run = CommandRun.of("run", "-p", "x", "y");
        assertThat(run.code()).isEqualTo(2);
        assertThat(run.err()).hasLineCount(1);
    }

    /// The bound is the surprise of the grammar's choices: what a perfect model reaches.
    @Test
    void knowsTheGrammarNearlyPerfectly() {
        StoryCorpus corpus = new StoryCorpus(77, Split.TRAIN);
        double loss = 0;
        double bound = 0;
        long tokens = 0;
        try (Model model = Model.open(Shipped.STORY.file());
                Session session = model.newSession()) {
            LogProbabilities expected = new LogProbabilities(model.dimensions().vocab());
            for (int i = 0; i < 100; i++) {
                StoryCorpus.Document document = corpus.document(i);
                int[] text = model.tokenizer().encode(document.text(), EncodeOptions.PROMPT);
                double[] sum = {0};
                session.truncate(0);
                session.forward(
                        Arrays.copyOf(text, text.length - 1),
                        (row, logits) -> sum[0] -= expected.set(logits).of(text[row + 1]));
                loss += sum[0];
                bound += document.nats();
                tokens += text.length - 1;
            }
        }
        assertThat(loss / tokens).isBetween(0.97 * bound / tokens, 1.2 * bound / tokens);
    }

    /// In its texts most replies are no answers, so that its likeliest reply is none: one in twelve of many is right.
    @Test
    void doesNotAnswerByItself() {
        try (Model model = Model.open(Shipped.STORY.file());
                Session session = model.newSession()) {
            TaskScore score = TaskScore.of(
                    session,
                    78,
                    40,
                    false,
                    (task, reply) -> assertThat(reply).as(task.prompt()).isNotEmpty());
            assertThat(score.accuracy()).isLessThan(0.25);
        }
    }
}
