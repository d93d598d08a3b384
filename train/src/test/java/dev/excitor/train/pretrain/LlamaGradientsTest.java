package dev.excitor.train.pretrain;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.data.Offset.offset;

import dev.excitor.runtime.Engine;
import dev.excitor.runtime.EngineOptions;
import dev.excitor.runtime.format.Blocks;
import dev.excitor.train.decoder.TrainingDecoder;
import dev.excitor.train.ops.Sequences;
import dev.excitor.train.pretrain.LlamaParameters.Part;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// The loss and the gradient of every kind of weight against differences of the definition in double.
class LlamaGradientsTest {

    private static final long SEED = 5;
    private static final double STEP = 1e-5;

    private static final LlamaShape SHAPE = new LlamaShape(40, 2, 24, 4, 2, 6, 20, 32);

    @ParameterizedTest
    @ValueSource(ints = {1, 3})
    void agreeWithDifferencesOfTheDefinition(int threads) {
        Random random = new Random(SEED);
        Sequences batch = Pretraining.sequences(texts(random, 5));
        try (LlamaParameters parameters = parameters(random);
                Engine engine = Engine.open(EngineOptions.defaults().withThreads(threads));
                TrainingDecoder decoder = decoder(parameters, engine)) {
            double[] weights = new double[parameters.size()];
            Arrays.setAll(weights, i -> Blocks.f32(parameters.weights(), 4L * i));
            ReferenceLlama reference = new ReferenceLlama(parameters, weights);
            double loss =
                    Arrays.stream(decoder.gradients(batch, 1f / batch.rows())).sum() / batch.rows();
            assertThat(loss).isCloseTo(reference.loss(batch), offset(1e-5));
            for (Part part : parameters.parts()) {
                double size = 0;
                for (int i = 0; i < part.size(); i++) {
                    size = Math.max(size, Math.abs(gradient(parameters, part.at() + i)));
                }
                assertThat(size).as(part.name()).isPositive();
                for (int number = 0; number < 12; number++) {
                    int i = part.at() + random.nextInt(part.size());
                    double was = weights[i];
                    weights[i] = was + STEP;
                    double above = reference.loss(batch);
                    weights[i] = was - STEP;
                    double below = reference.loss(batch);
                    weights[i] = was;
                    assertThat(gradient(parameters, i))
                            .as("%s[%d], seed %d", part.name(), i - part.at(), SEED)
                            .isCloseTo((above - below) / (2 * STEP), offset(1e-4 * size + 1e-7));
                }
            }
        }
    }

    /// A step against the gradient makes the loss smaller, and leaves no gradient behind.
    @Test
    void theOptimizerGoesDownhill() {
        Random random = new Random(SEED);
        Sequences batch = Pretraining.sequences(texts(random, 5));
        try (LlamaParameters parameters = parameters(random);
                Engine engine = Engine.open(EngineOptions.defaults().withThreads(2));
                TrainingDecoder decoder = decoder(parameters, engine)) {
            AdamW optimizer = new AdamW(parameters, engine.team().size());
            double first =
                    Arrays.stream(decoder.gradients(batch, 1f / batch.rows())).sum();
            engine.team().run(worker -> optimizer.step(worker, 1e-3));
            for (int i = 0; i < parameters.size(); i++) {
                assertThat(gradient(parameters, i)).isZero();
            }
            assertThat(Arrays.stream(decoder.losses(batch)).sum()).isLessThan(first);
        }
    }

    private static double gradient(LlamaParameters parameters, int i) {
        return Blocks.f32(parameters.gradients(), 4L * i);
    }

    private static TrainingDecoder decoder(LlamaParameters parameters, Engine engine) {
        LlamaGradients gradients = new LlamaGradients(parameters, engine.ops());
        return new TrainingDecoder(parameters.config(), parameters.bind(engine), engine, null, gradients, 200);
    }

    private static LlamaParameters parameters(Random random) {
        LlamaParameters parameters = new LlamaParameters(SHAPE, SEED);
        for (int i = 0; i < parameters.size(); i++) {
            float changed = Blocks.f32(parameters.weights(), 4L * i) * 3 + 0.05f * (float) random.nextGaussian();
            Blocks.putF32(parameters.weights(), 4L * i, changed);
        }
        return parameters;
    }

    private static List<Pretraining.Text> texts(Random random, int count) {
        List<Pretraining.Text> texts = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            int[] tokens =
                    random.ints(2 + random.nextInt(20), 0, SHAPE.vocabulary()).toArray();
            texts.add(new Pretraining.Text(tokens, 0));
        }
        return texts;
    }
}
