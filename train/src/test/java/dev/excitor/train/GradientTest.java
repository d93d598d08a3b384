package dev.excitor.train;

import static org.assertj.core.api.Assertions.assertThat;

import dev.excitor.model.Model;
import dev.excitor.model.adapter.ExcitorConfig;
import dev.excitor.model.arch.llama.LlamaDecoder;
import dev.excitor.model.tokenizer.EncodeOptions;
import dev.excitor.runtime.EngineOptions;
import dev.excitor.runtime.checkpoint.CheckpointReader;
import dev.excitor.runtime.kernel.Kernels;
import dev.excitor.train.adapter.ExcitorParameters;
import dev.excitor.train.decoder.TrainingDecoder;
import dev.excitor.train.ops.Sequences;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The gradients of training against the slow definition, which is held to differences of itself.
class GradientTest {

    private static final long SEED = 20261125;

    /// Rows whose predictions count are mixed with others, and two sequences lie end to end.
    private static final int U = Sequences.UNSCORED;

    private static final Sequences TEXT = new Sequences(
            new int[] {1, 100, 259, 7, 30, 1, 80, 81, 9}, new int[] {U, U, 7, 30, 2, U, 81, 9, 2}, new int[] {0, 5, 9});

    @TempDir
    private Path folder;

    private static Model open(Path file, int threads, Kernels.Tier tier) {
        return Model.open(
                file, EngineOptions.defaults().withThreads(threads).withTier(tier), CheckpointReader.Memory.MAPPED);
    }

    /// The definition's derivatives are those that two nearby values of the loss tell.
    @Test
    void theDefinitionAgreesWithCentralDifferencesForEverySetting() {
        try (Model model = open(ToyModel.tiny().write(folder.resolve("toy.gguf")), 1, Kernels.Tier.SCALAR);
                Arena arena = Arena.ofShared()) {
            LlamaDecoder decoder = (LlamaDecoder) model.decoder();
            Random random = new Random(SEED);
            Adapters.all(model.dimensions(), List.of(1, 2)).forEach(config -> {
                ExcitorParameters parameters = new ExcitorParameters(arena, config);
                Adapters.randomize(parameters, random);
                double[] values = Adapters.values(parameters);
                ReferenceModel reference = new ReferenceModel(decoder.config(), decoder.weights(), config);
                double[] gradient = gradient(reference, TEXT, values);
                double size = norm(gradient) / Math.sqrt(gradient.length);
                // one number of each tensor
                for (ExcitorParameters.Part part : parameters.parts()) {
                    int index = part.at() + random.nextInt(part.size());
                    double step = 1e-5;
                    double difference =
                            (loss(reference, values, index, step) - loss(reference, values, index, -step)) / (2 * step);
                    assertThat(difference)
                            .as("%s, number %d, seed %d", config, index, SEED)
                            .isBetween(
                                    gradient[index] - 1e-5 * bound(gradient[index], size),
                                    gradient[index] + 1e-5 * bound(gradient[index], size));
                }
            });
        }
    }

    private static double bound(double value, double size) {
        return Math.max(Math.abs(value), size);
    }

    private static double loss(ReferenceModel reference, double[] values, int index, double step) {
        double[] moved = values.clone();
        moved[index] += step;
        Tape tape = new Tape();
        return tape.value(reference.loss(tape, TEXT, moved));
    }

    private static double[] gradient(ReferenceModel reference, Sequences text, double[] values) {
        Tape tape = new Tape();
        return Arrays.copyOf(tape.gradient(reference.loss(tape, text, values)), values.length);
    }

    private static double norm(double[] x) {
        return Math.sqrt(Arrays.stream(x).map(v -> v * v).sum());
    }

    private static double[] difference(double[] found, double[] exact) {
        return IntStream.range(0, exact.length)
                .mapToDouble(i -> found[i] - exact[i])
                .toArray();
    }

    @Test
    void trainingAgreesWithTheDefinitionForEverySetting() {
        for (Kernels.Tier tier : List.of(Kernels.Tier.SCALAR, Kernels.Tier.VECTOR)) {
            try (Model model = open(ToyModel.tiny().write(folder.resolve("toy.gguf")), 2, tier);
                    Arena arena = Arena.ofShared()) {
                Random random = new Random(SEED);
                Adapters.all(model.dimensions(), List.of(1, 2)).forEach(config -> {
                    ExcitorParameters parameters = new ExcitorParameters(arena, config);
                    Adapters.randomize(parameters, random);
                    compare(model, parameters, TEXT, 1e-3, config);
                });
            }
        }
    }

    @Test
    void trainingAgreesWithTheDefinitionOnATrainedModel() {
        Path file = Shared.folder("models").resolve("stories260K-f32.gguf");
        try (Model model = open(file, 2, Kernels.Tier.VECTOR);
                Arena arena = Arena.ofShared()) {
            Random random = new Random(SEED);
            int[] tokens = model.tokenizer()
                    .encode("Once upon a time, there was a little girl named Lily.", EncodeOptions.PROMPT);
            int[] targets = Arrays.copyOf(tokens, tokens.length);
            System.arraycopy(tokens, 1, targets, 0, tokens.length - 1);
            targets[tokens.length - 1] = Sequences.UNSCORED;
            Sequences text = new Sequences(tokens, targets, new int[] {0, tokens.length});
            Adapters.all(model.dimensions(), List.of(1, 3, 4))
                    .skip(17)
                    .limit(150)
                    .filter(config -> random.nextInt(40) == 0)
                    .forEach(config -> {
                        ExcitorParameters parameters = new ExcitorParameters(arena, config);
                        Adapters.randomize(parameters, random);
                        compare(model, parameters, text, 1e-3, config);
                    });
        }
    }

    private static void compare(
            Model model, ExcitorParameters parameters, Sequences text, double tolerance, ExcitorConfig config) {
        LlamaDecoder decoder = (LlamaDecoder) model.decoder();
        ReferenceModel reference = new ReferenceModel(decoder.config(), decoder.weights(), config);
        Tape tape = new Tape();
        int loss = reference.loss(tape, text, Adapters.values(parameters));
        double[] exact = Arrays.copyOf(tape.gradient(loss), parameters.size());
        try (TrainingDecoder training = new TrainingDecoder(
                decoder.config(), decoder.weights(), model.engine(), parameters, null, text.rows())) {
            double found = Arrays.stream(training.gradients(text, 1)).sum();
            assertThat(found)
                    .as("the loss with %s", config)
                    .isBetween(tape.value(loss) * (1 - tolerance), tape.value(loss) * (1 + tolerance));
            assertThat(Arrays.stream(training.losses(text)).sum())
                    .as("without the way back")
                    .isEqualTo(found);
        }
        double[] gradients = Adapters.gradients(parameters);
        for (ExcitorParameters.Part part : parameters.parts()) {
            double[] ofPart = Arrays.copyOfRange(gradients, part.at(), part.at() + part.size());
            double[] expected = Arrays.copyOfRange(exact, part.at(), part.at() + part.size());
            // rounding of the whole gradient is more than all of a part that a saturated softmax leaves next to nothing
            // of
            double bound = tolerance * norm(expected) + 1e-5 * norm(exact);
            assertThat(norm(difference(ofPart, expected)))
                    .as("%s of layer %d with %s, seed %d", part.kind(), part.layer(), config, SEED)
                    .isLessThan(bound);
        }
    }
}
