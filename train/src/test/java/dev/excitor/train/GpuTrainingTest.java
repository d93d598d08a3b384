package dev.excitor.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.excitor.model.Model;
import dev.excitor.model.arch.llama.LlamaDecoder;
import dev.excitor.runtime.EngineOptions;
import dev.excitor.runtime.ExcitorException;
import dev.excitor.runtime.checkpoint.CheckpointReader;
import dev.excitor.runtime.kernel.GpuState;
import dev.excitor.train.adapter.ExcitorParameters;
import dev.excitor.train.decoder.TrainingDecoder;
import dev.excitor.train.ops.Sequences;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Training with the products of both ways on a device, which a stand-in plays.
@Timeout(300)
class GpuTrainingTest {

    private static final long SEED = 20261130;
    private static final int U = Sequences.UNSCORED;

    /// Two sequences end to end, five rows of which count.
    private static final Sequences TEXT = new Sequences(
            new int[] {1, 100, 259, 7, 30, 1, 80, 81, 9}, new int[] {U, U, 7, 30, 2, U, 81, 9, 2}, new int[] {0, 5, 9});

    /// Relative to a gradient. To round the weights to f16 alone moves the gradients of these models by up to 6e-3, on
    /// the CPU too; roundings to bf16 would be eight times as large.
    private static final double HALF_TOLERANCE = 2e-2;

    /// Keeps random adapters from sharpening attention so far that nothing can be said of gradients.
    private static final float MILD = 0.2f;

    /// Every so many calls one fails; `runtime` has the test that leaves none out.
    private static final int CALL_STEP = 23;

    /// Of the layers 1 and 2, in which blocks are: down, gate, up and o; of the upper one also q, k and v; and the
    /// output.
    private static final int PRODUCTS_BACK = 2 * 4 + 3 + 1;

    @TempDir
    private Path folder;

    private GpuStandIn standIn;

    @BeforeEach
    void load() {
        standIn = GpuStandIn.require();
    }

    @AfterEach
    void everyCallWasRightAndAllIsGivenBack() {
        if (standIn != null) {
            assertThat(standIn.fault()).isEmpty();
            assertThat(standIn.live()).isZero();
        }
    }

    private static Model open(Path file, EngineOptions options) {
        return Model.open(file, options, CheckpointReader.Memory.MAPPED);
    }

    private static double[] gradients(Model model, ExcitorParameters parameters) {
        LlamaDecoder decoder = (LlamaDecoder) model.decoder();
        parameters.gradients().fill((byte) 0);
        try (TrainingDecoder training = new TrainingDecoder(
                decoder.config(), decoder.weights(), model.engine(), parameters, null, TEXT.rows())) {
            training.gradients(TEXT, 1);
        }
        return Adapters.gradients(parameters);
    }

    private static double distance(double[] found, double[] expected) {
        double sum = 0;
        double size = 0;
        for (int i = 0; i < expected.length; i++) {
            sum += (found[i] - expected[i]) * (found[i] - expected[i]);
            size += expected[i] * expected[i];
        }
        return Math.sqrt(sum / size);
    }

    @ParameterizedTest
    @ValueSource(strings = {"F32", "F16", "BF16", "Q4_0", "Q8_0", "Q4_K", "Q6_K"})
    void gradientsAreThoseOfTheCpu(String format) {
        Path file = ToyModel.quantized(format).write(folder.resolve("toy.gguf"));
        try (Model here = open(file, GpuStandIn.cpu());
                Model there = open(file, standIn.options());
                Arena arena = Arena.ofShared()) {
            Random random = new Random(SEED);
            Adapters.all(here.dimensions(), List.of(1, 2))
                    .filter(config -> random.nextInt(40) == 0)
                    .forEach(config -> {
                        ExcitorParameters parameters = new ExcitorParameters(arena, config);
                        Adapters.randomize(parameters, random);
                        for (int i = 0; i < parameters.size(); i++) {
                            parameters.value(i, MILD * parameters.value(i));
                        }
                        double[] expected = gradients(here, parameters);
                        long before = standIn.productsBack();
                        double[] found = gradients(there, parameters);
                        assertThat(standIn.productsBack() - before).isEqualTo(PRODUCTS_BACK);
                        assertThat(distance(found, expected))
                                .as("%s, %s, seed %d", format, config, SEED)
                                .isBetween(1e-7, HALF_TOLERANCE);
                    });
        }
    }

    private static List<Example> examples() {
        Random random = new Random(SEED);
        List<Example> examples = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            int[] tokens =
                    IntStream.range(0, 5 + i).map(j -> 60 + random.nextInt(20)).toArray();
            examples.add(new Example(tokens, tokens.clone()));
        }
        return examples;
    }

    /// An update of two micro-batches, and the losses before and after.
    private static double[] train(Model model) {
        AdapterSettings settings =
                AdapterSettings.defaults().promptLength(5).rank(3).layers(List.of(1, 2));
        TrainingOptions options =
                TrainingOptions.defaults().batch(4).length(16).epochs(1).learningRate(0.02f);
        try (ExcitorTrainer trainer = new ExcitorTrainer(model, settings, options)) {
            List<Double> losses = new ArrayList<>();
            trainer.train(examples(), step -> losses.add(step.loss()));
            losses.add(trainer.loss(examples()));
            return losses.stream().mapToDouble(loss -> loss).toArray();
        }
    }

    @Test
    void aTrainingLearnsThereWhatItLearnsHere() {
        Path file = ToyModel.tiny().write(folder.resolve("toy.gguf"));
        try (Model here = open(file, GpuStandIn.cpu());
                Model there = open(file, standIn.options())) {
            double[] expected = train(here);
            long before = standIn.productsBack();
            assertThat(distance(train(there), expected)).isBetween(1e-9, HALF_TOLERANCE);
            assertThat(standIn.productsBack() - before).isEqualTo(2 * PRODUCTS_BACK);
            assertThat(there.engine().gpu()).isInstanceOf(GpuState.InUse.class);
        }
    }

    /// From the opening of the model to its end calls fail, one in each life: training ends with the same numbers
    /// nevertheless, but for the one case that there is no room for activations, which is said.
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void whateverFailsTheTrainingEndsOnTheCpu(boolean eager) {
        standIn = GpuStandIn.require(eager);
        Path file = ToyModel.tiny().write(folder.resolve("toy.gguf"));
        double[] expected;
        try (Model here = open(file, GpuStandIn.cpu())) {
            expected = train(here);
        }
        try (Model there = open(file, standIn.options())) {
            train(there);
        }
        long calls = standIn.calls();
        assertThat(calls).isGreaterThan(20L * CALL_STEP);
        assertThat(standIn.fault()).isEmpty();
        assertThat(standIn.live()).isZero();
        for (long call = eager ? 1 : 4; call <= calls; call += CALL_STEP) {
            standIn = GpuStandIn.require(eager);
            standIn.fail(call);
            String as = "call %d".formatted(call);
            try (Model there = open(file, standIn.options())) {
                assertThat(distance(train(there), expected)).as(as).isLessThan(HALF_TOLERANCE);
            } catch (ExcitorException.NativeCall noRoom) {
                assertThat(noRoom.function()).as(as).isIn("cudaMalloc", "cudaHostAlloc");
            }
            String function = standIn.failedFunction();
            boolean gives = function.contains("Free") || function.contains("Destroy");
            assertThat(standIn.fault()).as("%s, %s", as, function).isEmpty();
            assertThat(standIn.live()).as("left after %s, %s", as, function).isEqualTo(gives ? 1 : 0);
        }
        standIn = GpuStandIn.require(); // what was made to fail being given back is forgotten
    }

    /// A pass that fails is thrown to who calls the decoder itself, and the next one has the CPU's numbers to the bit.
    @Test
    void afterAFailureGradientsAreTheCpusToTheBit() {
        Path file = ToyModel.quantized("Q4_0").write(folder.resolve("toy.gguf"));
        try (Model here = open(file, GpuStandIn.cpu());
                Model there = open(file, standIn.options());
                Arena arena = Arena.ofShared()) {
            ExcitorParameters parameters = new ExcitorParameters(
                    arena,
                    Adapters.all(here.dimensions(), List.of(1, 2)).findFirst().orElseThrow());
            Adapters.randomize(parameters, new Random(SEED));
            double[] expected = gradients(here, parameters);
            LlamaDecoder decoder = (LlamaDecoder) there.decoder();
            try (TrainingDecoder training = new TrainingDecoder(
                    decoder.config(), decoder.weights(), there.engine(), parameters, null, TEXT.rows())) {
                long first = standIn.calls();
                training.gradients(TEXT, 1);
                long pass = standIn.calls() - first;
                standIn.fail(standIn.calls() + pass - 1); // on the way back
                assertThatThrownBy(() -> training.gradients(TEXT, 1)).isInstanceOf(ExcitorException.NativeCall.class);
                assertThat(there.engine().gpu()).isInstanceOf(GpuState.Unusable.class);
                assertThat(standIn.live()).isZero();
                parameters.gradients().fill((byte) 0);
                training.gradients(TEXT, 1);
                assertThat(Arrays.equals(Adapters.gradients(parameters), expected))
                        .isTrue();
            }
        }
    }
}
