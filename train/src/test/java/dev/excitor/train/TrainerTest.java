package dev.excitor.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.excitor.model.Model;
import dev.excitor.model.Session;
import dev.excitor.model.SessionOptions;
import dev.excitor.model.adapter.Adapter;
import dev.excitor.model.adapter.ExcitorConfig;
import dev.excitor.model.arch.llama.LlamaDecoder;
import dev.excitor.runtime.EngineOptions;
import dev.excitor.runtime.ExcitorException;
import dev.excitor.runtime.checkpoint.CheckpointReader;
import dev.excitor.runtime.kernel.Kernels;
import dev.excitor.train.adapter.AdapterWriter;
import dev.excitor.train.adapter.ExcitorParameters;
import dev.excitor.train.decoder.TrainingDecoder;
import dev.excitor.train.ops.Sequences;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.stream.IntStream;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// What a training promises: where it begins, that nothing but the data decides its numbers, that it can be gone on
/// with, and that its adapter is what inference runs.
class TrainerTest {

    private static final long SEED = 20261125;

    @TempDir
    private Path folder;

    private Model open(ToyModel toy, int threads, Kernels.Tier tier) {
        return Model.open(
                toy.write(folder.resolve("toy.gguf")),
                EngineOptions.defaults().withThreads(threads).withTier(tier),
                CheckpointReader.Memory.COPIED);
    }

    /// Texts that repeat what was said, of several lengths.
    private static List<Example> examples(int count) {
        Random random = new Random(SEED);
        List<Example> examples = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            int half = 3 + random.nextInt(5);
            int[] tokens = new int[2 * half];
            int[] targets = new int[tokens.length];
            for (int j = 0; j < half; j++) {
                tokens[j] = 60 + random.nextInt(20);
                tokens[half + j] = tokens[j];
            }
            for (int j = 0; j < tokens.length; j++) {
                boolean counts = j >= half - 1;
                targets[j] = !counts ? Sequences.UNSCORED : j + 1 < tokens.length ? tokens[j + 1] : 2;
            }
            examples.add(new Example(tokens, targets));
        }
        return examples;
    }

    private static TrainingOptions options() {
        return TrainingOptions.defaults().batch(6).length(32).epochs(3).learningRate(0.02f);
    }

    private static AdapterSettings settings() {
        return AdapterSettings.defaults().promptLength(5).rank(3).layers(List.of(1, 2));
    }

    @Test
    void theDefaultBeginningIsTheBaseModel() {
        try (Model model = open(ToyModel.tiny(), 2, Kernels.Tier.VECTOR);
                ExcitorTrainer trainer =
                        new ExcitorTrainer(model, settings(), options().length(64))) {
            LlamaDecoder decoder = (LlamaDecoder) model.decoder();
            Sequences text = Example.join(examples(5));
            try (TrainingDecoder base =
                    new TrainingDecoder(decoder.config(), decoder.weights(), model.engine(), null, null, 64)) {
                double expected = Arrays.stream(base.losses(text)).sum();
                double found = Arrays.stream(trainer.decoder().losses(text)).sum();
                assertThat(found).isCloseTo(expected, Offset.offset(1e-6 * expected));
            }
            assertThat(trainer.decoder().attentionMoved(text))
                    .containsOnly(new double[] {0, 0, 0}, Offset.offset(1e-6));
        }
    }

    @Test
    void beginningsWithoutGradientsAreRefused() {
        try (Model model = open(ToyModel.tiny(), 1, Kernels.Tier.SCALAR)) {
            for (Initialization dead : List.of(new Initialization(0, 1, 1, true), new Initialization(1, 0, 0, false))) {
                assertThatThrownBy(() -> new ExcitorTrainer(model, settings().initialization(dead), options()).close())
                        .isInstanceOf(ExcitorException.InvalidOption.class)
                        .hasMessageContaining("gradients");
            }
        }
    }

    /// Products are in bytes in the native tier, and still every row is by itself.
    @ParameterizedTest
    @ValueSource(strings = {"F32", "Q4_0"})
    void neitherThreadsNorMicroBatchesChangeGradients(String format) {
        List<Example> examples = examples(9);
        double[] alone = new double[0];
        for (int threads : new int[] {1, 2, 4}) {
            for (int some : new int[] {9, threads}) {
                try (Model model = open(ToyModel.quantized(format), threads, Kernels.Tier.AUTO);
                        Arena arena = Arena.ofShared()) {
                    ExcitorConfig config = settings().config(model.dimensions(), Optional.empty());
                    ExcitorParameters parameters = new ExcitorParameters(arena, config);
                    new Initialization(1, 1, 0.3f, true).fill(parameters, SEED);
                    LlamaDecoder decoder = (LlamaDecoder) model.decoder();
                    try (TrainingDecoder training = new TrainingDecoder(
                            decoder.config(), decoder.weights(), model.engine(), parameters, null, 200)) {
                        for (int from = 0; from < 9; from += some) {
                            training.gradients(Example.join(examples.subList(from, Math.min(9, from + some))), 0.1f);
                        }
                    }
                    double[] gradients = Adapters.gradients(parameters);
                    alone = alone.length == 0 ? gradients : alone;
                    assertThat(distance(gradients, alone))
                            .as("%d threads, %d examples at a time, seed %d", threads, some, SEED)
                            .isLessThan(1e-5);
                }
            }
        }
    }

    private static double distance(double[] found, double[] expected) {
        double difference = 0;
        double size = 0;
        for (int i = 0; i < found.length; i++) {
            difference += (found[i] - expected[i]) * (found[i] - expected[i]);
            size += expected[i] * expected[i];
        }
        return Math.sqrt(difference / size);
    }

    @Test
    void trainingLearnsAndTheWrittenAdapterIsWhatInferenceRuns() throws IOException {
        Path file = folder.resolve("a.gguf");
        List<Example> examples = examples(40);
        try (Model model = open(ToyModel.tiny(), 2, Kernels.Tier.VECTOR);
                ExcitorTrainer trainer =
                        new ExcitorTrainer(model, settings(), options().epochs(10))) {
            double before = trainer.loss(examples);
            List<TrainingStep> steps = new ArrayList<>();
            assertThat(trainer.train(examples, steps::add)).isTrue();
            assertThat(steps).hasSize(70);
            assertThat(steps.getLast().learningRate()).isLessThan(1e-3);
            assertThat(trainer.loss(examples)).isLessThan(before - 0.05);
            trainer.write(file);
            int[] tokens = examples.getFirst().tokens();
            int[] all = new int[tokens.length];
            Sequences text = new Sequences(tokens, all, new int[] {0, tokens.length});
            float[][] expected = trainer.decoder().logits(text);
            try (Session session = model.newSession(SessionOptions.defaults().adapter(Adapter.open(file)))) {
                float[][] found = session.forward(tokens);
                for (int row = 0; row < found.length; row++) {
                    assertThat(found[row]).containsExactly(expected[row], Offset.offset(1e-4f));
                }
            }
        }
    }

    /// Every setting comes back as it was, and means the same to inference, whatever the order of channels in the file.
    @Test
    void everySettingIsWrittenAsItIsRead() {
        try (Model model = open(ToyModel.tiny(), 1, Kernels.Tier.SCALAR);
                Arena arena = Arena.ofShared()) {
            LlamaDecoder decoder = (LlamaDecoder) model.decoder();
            Random random = new Random(SEED);
            int[] tokens = {1, 70, 71, 5, 6};
            Sequences text = new Sequences(tokens, new int[5], new int[] {0, 5});
            Adapters.all(model.dimensions(), List.of(1, 2))
                    .flatMap(config -> Adapters.layouts(config))
                    .forEach(config -> {
                        ExcitorParameters parameters = new ExcitorParameters(arena, config);
                        Adapters.randomize(parameters, random);
                        Path file = folder.resolve("setting.gguf");
                        write(file, parameters);
                        Adapter adapter = Adapter.open(file);
                        assertThat(adapter.config()).isEqualTo(config);
                        try (TrainingDecoder training = new TrainingDecoder(
                                        decoder.config(), decoder.weights(), model.engine(), parameters, null, 5);
                                Session session = model.newSession(adapter)) {
                            float[][] expected = training.logits(text);
                            float[][] found = session.forward(tokens);
                            for (int row = 0; row < found.length; row++) {
                                assertThat(found[row])
                                        .as("%s, seed %d", config, SEED)
                                        .containsExactly(expected[row], Offset.offset(1e-3f));
                            }
                        }
                    });
        }
    }

    private static void write(Path file, ExcitorParameters parameters) {
        try {
            AdapterWriter.write(file, parameters);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Test
    void aResumedTrainingIsTheSameToTheLastBit() throws IOException {
        List<Example> examples = examples(20);
        List<Example> validation = examples.subList(0, 4);
        TrainingOptions options = options().evaluateEvery(2).patience(50);
        String data = TrainingCheckpoint.fingerprint(examples, validation);
        Path file = folder.resolve("c.gguf");
        List<Double> whole = new ArrayList<>();
        List<Double> pieces = new ArrayList<>();
        double[] expected;
        try (Model model = open(ToyModel.tiny(), 2, Kernels.Tier.VECTOR)) {
            try (ExcitorTrainer trainer = new ExcitorTrainer(model, settings(), options)) {
                assertThat(trainer.train(examples, validation, step -> whole.add(step.loss())))
                        .isTrue();
                expected = Adapters.values(trainer.parameters());
            }
            for (boolean ended = false; !ended; ) {
                try (ExcitorTrainer trainer = new ExcitorTrainer(model, settings(), options)) {
                    if (!pieces.isEmpty()) {
                        TrainingCheckpoint.resume(file, trainer, data);
                    }
                    int until = trainer.step() + 5;
                    ended = trainer.train(examples, validation, step -> {
                        pieces.add(step.loss());
                        if (step.step() == until) {
                            trainer.stop();
                        }
                    });
                    if (ended) {
                        assertThat(Adapters.values(trainer.parameters())).isEqualTo(expected);
                    } else {
                        TrainingCheckpoint.save(file, trainer, data);
                    }
                }
            }
            assertThat(pieces).isEqualTo(whole);
            try (ExcitorTrainer other = new ExcitorTrainer(model, settings(), options.learningRate(1))) {
                assertThatThrownBy(() -> TrainingCheckpoint.resume(file, other, data))
                        .isInstanceOf(ExcitorException.Mismatch.class)
                        .hasMessageContaining("settings");
                assertThatThrownBy(() -> TrainingCheckpoint.resume(file, other, "other"))
                        .isInstanceOf(ExcitorException.Mismatch.class);
            }
        }
    }

    @Test
    void trainingEndsEarlyWithTheBestAdapter() {
        List<Example> examples = examples(12);
        List<Double> losses = new ArrayList<>();
        TrainingOptions options =
                options().epochs(40).evaluateEvery(1).patience(3).learningRate(3f);
        try (Model model = open(ToyModel.tiny(), 1, Kernels.Tier.VECTOR);
                ExcitorTrainer trainer = new ExcitorTrainer(model, settings(), options)) {
            TrainingListener listener = new TrainingListener() {
                @Override
                public void onStep(TrainingStep step) {
                    // only measurements count
                }

                @Override
                public void onValidation(int step, double loss, boolean best) {
                    losses.add(loss);
                }
            };
            assertThat(trainer.train(examples, examples.subList(0, 5), listener))
                    .isTrue();
            assertThat(losses).hasSizeLessThan(80);
            double best = losses.stream().mapToDouble(Double::doubleValue).min().orElseThrow();
            assertThat(trainer.loss(examples.subList(0, 5))).isEqualTo(best);
            assertThat(losses.subList(losses.size() - 3, losses.size())).allMatch(loss -> loss >= best);
        }
    }

    @Test
    void theLearningRateGoesUpInALineAndDownInHalfACosine() {
        TrainingOptions options = options().learningRate(1);
        double[] rates = IntStream.range(0, 100)
                .mapToDouble(step -> options.learningRate(step, 100))
                .toArray();
        assertThat(rates[0]).isCloseTo(1 / 40.0, Offset.offset(1e-6));
        assertThat(rates[19]).isCloseTo(0.5, Offset.offset(1e-6));
        assertThat(rates[39]).isCloseTo(1, Offset.offset(1e-6));
        assertThat(rates[69]).isCloseTo(0.5, Offset.offset(0.02));
        assertThat(rates[99]).isBetween(0.0, 0.001);
    }
}
