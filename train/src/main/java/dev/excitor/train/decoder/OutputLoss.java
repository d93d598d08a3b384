package dev.excitor.train.decoder;

import dev.excitor.model.arch.Linear;
import dev.excitor.model.arch.llama.LlamaConfig;
import dev.excitor.model.arch.llama.LlamaWeights;
import dev.excitor.runtime.ops.Ops;
import dev.excitor.runtime.team.Worker;
import dev.excitor.train.ops.CrossEntropy;
import dev.excitor.train.ops.LinearGradient;
import dev.excitor.train.ops.RmsNormGradient;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/// The top of the decoder for the rows whose prediction counts, a few at a time, since a row of logits is large: norm,
/// logits, loss, and back to the hidden state.
final class OutputLoss {

    /// Receives logits while they are there.
    @FunctionalInterface
    interface LogitsConsumer {
        /// @param logits `[count, V]`
        /// @param first  index among the scored rows
        void accept(MemorySegment logits, int first, int count);
    }

    private final LlamaConfig config;
    private final LlamaWeights weights;
    private final Ops ops;
    private final TrainingScratch s;
    private final CrossEntropy loss;
    private final LinearGradient linear;
    private final RmsNormGradient norm;

    OutputLoss(LlamaConfig config, LlamaWeights weights, Ops ops, TrainingScratch scratch) {
        this.config = config;
        this.weights = weights;
        this.ops = ops;
        this.s = scratch;
        this.loss = new CrossEntropy(ops.gradients());
        this.linear = new LinearGradient(ops.gemm());
        this.norm = new RmsNormGradient(ops.gradients());
    }

    /// Only logits and losses.
    ///
    /// @param rows    the scored rows, ascending
    /// @param targets what each is to predict
    void forward(Worker w, int[] rows, int[] targets, double[] losses, @Nullable LogitsConsumer consumer) {
        for (int first = 0; first < rows.length; first += s.logitRows) {
            int count = logits(w, rows, first);
            loss.losses(w, s.logits.data(), count, config.dims().vocab(), targets, first, losses);
            w.barrier();
            if (consumer != null && w.index() == 0) {
                consumer.accept(s.logits.data(), first, count);
            }
            w.barrier();
        }
    }

    /// The losses, and the gradient of their weighted sum with respect to x in the scored rows of dx; the other rows
    /// stay.
    ///
    /// @param weight of each loss
    void backward(
            Worker w, int[] rows, int[] targets, float weight, double[] losses, @Nullable WeightGradients trained) {
        int width = config.dims().width();
        for (int first = 0; first < rows.length; first += s.logitRows) {
            int count = logits(w, rows, first);
            loss.apply(w, s.logits.data(), count, config.dims().vocab(), targets, first, weight, losses);
            w.barrier();
            linear.input(w, weights.output(), s.logits, s.dh, false);
            if (trained != null) {
                trained.output(w, s.logits.data(), s.last.data(), count);
            }
            w.barrier();
            if (trained != null) {
                trained.outputNorm(w, s.lastX, s.dh, count);
                w.barrier();
            }
            clear(w, s.y, count, width);
            norm.input(w, s.lastX, weights.outputNorm(), config.epsilon(), s.dh, s.y, count, width);
            for (int i = w.from(count, 1); i < w.to(count, 1); i++) {
                MemorySegment.copy(s.y, 4L * i * width, s.dx.data(), 4L * rows[first + i] * width, 4L * width);
            }
            w.barrier();
        }
    }

    /// Logits of some rows; ends with a barrier.
    ///
    /// @return how many
    private int logits(Worker w, int[] rows, int first) {
        int width = config.dims().width();
        int count = Math.min(s.logitRows, rows.length - first);
        if (w.index() == 0) {
            s.last.rows(count);
            s.logits.rows(count);
        }
        for (int i = w.from(count, 1); i < w.to(count, 1); i++) {
            MemorySegment.copy(s.x, 4L * rows[first + i] * width, s.lastX, 4L * i * width, 4L * width);
        }
        w.barrier();
        ops.rmsNorm().apply(w, s.lastX, weights.outputNorm(), config.epsilon(), s.last.data(), count, width);
        Linear output = weights.output();
        LayerForward.ready(w, s.last, output, output, output);
        output.apply(w, s.last, s.logits.data());
        w.barrier();
        return count;
    }

    /// Sets this worker's share of the rows to 0.
    static void clear(Worker w, MemorySegment x, int n, int width) {
        long at = 4L * width * w.from(n, 1);
        x.asSlice(at, 4L * width * w.to(n, 1) - at).fill((byte) 0);
    }
}
