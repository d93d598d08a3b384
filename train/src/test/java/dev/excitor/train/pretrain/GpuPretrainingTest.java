package dev.excitor.train.pretrain;

import static org.assertj.core.api.Assertions.assertThat;

import dev.excitor.runtime.Engine;
import dev.excitor.runtime.kernel.GpuState;
import dev.excitor.train.GpuStandIn;
import dev.excitor.train.decoder.TrainingDecoder;
import dev.excitor.train.ops.Sequences;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

/// Weights that are learned are not multiplied by a device, whose copy would be that of their beginning.
class GpuPretrainingTest {

    private static final LlamaShape SHAPE = new LlamaShape(40, 2, 24, 4, 2, 6, 20, 32);

    @Test
    void weightsThatChangeStayHere() {
        GpuStandIn standIn = GpuStandIn.require();
        double[] expected;
        try (Engine engine = Engine.open(GpuStandIn.cpu())) {
            expected = losses(engine);
        }
        try (Engine engine = Engine.open(standIn.options())) {
            assertThat(engine.gpu()).isInstanceOf(GpuState.InUse.class);
            long calls = standIn.calls();
            assertThat(losses(engine)).isEqualTo(expected);
            assertThat(standIn.calls()).isEqualTo(calls);
        }
        assertThat(standIn.live()).isZero();
    }

    /// The loss of some text before a step and after it.
    private static double[] losses(Engine engine) {
        Sequences batch = Pretraining.sequences(List.of(
                new Pretraining.Text(new int[] {1, 2, 3, 4, 5, 6, 7}, 0),
                new Pretraining.Text(new int[] {8, 9, 8, 9, 8}, 0)));
        try (LlamaParameters parameters = new LlamaParameters(SHAPE, 3);
                TrainingDecoder decoder = new TrainingDecoder(
                        parameters.config(),
                        parameters.bind(engine),
                        engine,
                        null,
                        new LlamaGradients(parameters, engine.ops()),
                        batch.rows())) {
            AdamW optimizer = new AdamW(parameters, engine.team().size());
            double before =
                    Arrays.stream(decoder.gradients(batch, 1f / batch.rows())).sum();
            engine.team().run(worker -> optimizer.step(worker, 0.01));
            double after = Arrays.stream(decoder.losses(batch)).sum();
            assertThat(after).isLessThan(before);
            return new double[] {before, after};
        }
    }
}
