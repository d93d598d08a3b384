package dev.excitor.train.task;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.excitor.model.Model;
import dev.excitor.model.Session;
import dev.excitor.model.adapter.Adapter;
import dev.excitor.model.tokenizer.EncodeOptions;
import dev.excitor.model.tokenizer.Tokenizer;
import dev.excitor.runtime.EngineOptions;
import dev.excitor.runtime.ExcitorException;
import dev.excitor.runtime.checkpoint.CheckpointReader;
import dev.excitor.runtime.format.Formats;
import dev.excitor.train.Example;
import dev.excitor.train.corpus.Split;
import dev.excitor.train.corpus.StoryCorpus;
import dev.excitor.train.ops.Sequences;
import dev.excitor.train.pretrain.Pretraining;
import dev.excitor.train.pretrain.PretrainingSettings;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AnswerTrainingTest {

    @TempDir
    static Path folder;

    private static Model model;

    @BeforeAll
    static void makeAModel() throws IOException {
        Path file = folder.resolve("m.gguf");
        EngineOptions options = EngineOptions.defaults().withThreads(1);
        PretrainingSettings settings = new PretrainingSettings(3, 20, 512, 5e-3, 700, 1000);
        new Pretraining(settings).run(options, null, file, Formats.of("Q8_0"), (step, loss, tokens) -> {});
        model = Model.open(file, options, CheckpointReader.Memory.COPIED);
    }

    @AfterAll
    static void close() {
        model.close();
    }

    @Test
    void theAnswerAndTheEndAreScored() {
        Tokenizer tokenizer = model.tokenizer();
        StoryCorpus.Task task = new StoryCorpus(1, Split.TRAIN).task(0);
        Example example = AnswerTraining.example(tokenizer, task);
        int[] scored = Arrays.stream(example.targets())
                .filter(target -> target != Sequences.UNSCORED)
                .toArray();
        assertThat(scored).endsWith(tokenizer.vocabulary().eos());
        assertThat(tokenizer.decode(Arrays.copyOf(scored, scored.length - 1)).strip())
                .isEqualTo(task.response());
        int[] prompt = tokenizer.encode(task.prompt(), EncodeOptions.PROMPT);
        assertThat(example.tokens()).startsWith(prompt);
        assertThat(example.scored()).isEqualTo(example.tokens().length - prompt.length + 1);
    }

    @Test
    void learnsAndMovesAttentionAndLeavesTheBaseWhereItIsOff() throws IOException {
        Path file = folder.resolve("a.gguf");
        List<Double> losses = new ArrayList<>();
        // as many examples as an update takes: each update sees the same ones
        new AnswerTraining(1, 30, 16, 9e-3f).run(model, file, step -> losses.add(step.loss()));
        assertThat(losses).hasSize(30);
        assertThat(losses.getLast()).isLessThan(losses.getFirst());

        int[] text =
                model.tokenizer().encode("Mia had a red kite. Mia put the kite in the barn.", EncodeOptions.PROMPT);
        double[] moved = AttentionMoved.of(model, file, text);
        assertThat(moved).hasSize(model.dimensions().layers());
        assertThat(Arrays.stream(moved).sum()).isBetween(1e-4, 5.0);

        try (Session base = model.newSession();
                Session same = model.newSession();
                Session adapted = model.newSession(Adapter.open(file))) {
            assertThat(StoryDivergence.of(base, same, 1, 3).divergences().mean().value())
                    .isZero();
            assertThat(StoryDivergence.of(base, adapted, 1, 3)
                            .divergences()
                            .mean()
                            .value())
                    .isPositive();
        }
    }

    @Test
    void settingsOutOfRangeAreRefused() {
        assertThatThrownBy(() -> new AnswerTraining(1, 0, 1, 1e-3f))
                .isInstanceOf(ExcitorException.InvalidOption.class)
                .hasMessageContaining("--steps");
        assertThatThrownBy(() -> new AnswerTraining(1, 1, 0, 1e-3f))
                .isInstanceOf(ExcitorException.InvalidOption.class)
                .hasMessageContaining("--examples");
    }
}
