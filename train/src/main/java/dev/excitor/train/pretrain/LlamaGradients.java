package dev.excitor.train.pretrain;

import dev.excitor.runtime.ops.Ops;
import dev.excitor.runtime.team.Worker;
import dev.excitor.train.decoder.WeightGradients;
import dev.excitor.train.ops.EmbeddingGradient;
import dev.excitor.train.ops.LinearGradient;
import dev.excitor.train.ops.RmsNormGradient;
import dev.excitor.train.pretrain.LlamaParameters.Part;
import java.lang.foreign.MemorySegment;

/// Collects the gradients of all weights where [LlamaParameters] has their place. The embedding is the output matrix
/// too, and gets its gradient from both ends.
final class LlamaGradients implements WeightGradients {

    private final LlamaParameters parameters;
    private final LinearGradient linear;
    private final RmsNormGradient norm;

    LlamaGradients(LlamaParameters parameters, Ops ops) {
        this.parameters = parameters;
        linear = new LinearGradient(ops.gemm());
        norm = new RmsNormGradient(ops.gradients());
    }

    @Override
    public void linear(Worker worker, int layer, Matrix matrix, MemorySegment dy, MemorySegment x, int n) {
        LlamaParameters.Layer parts = parameters.layer(layer);
        Part part = switch (matrix) {
            case Q -> parts.query();
            case K -> parts.key();
            case V -> parts.value();
            case O -> parts.output();
            case GATE -> parts.gate();
            case UP -> parts.up();
            case DOWN -> parts.down();
        };
        linear(worker, part, dy, x, n);
    }

    private void linear(Worker worker, Part part, MemorySegment dy, MemorySegment x, int n) {
        linear.weights(worker, dy, x, n, part.rows(), part.cols(), parameters.gradients(part));
    }

    @Override
    public void norm(Worker worker, int layer, Norm which, MemorySegment x, MemorySegment dy, int n) {
        LlamaParameters.Layer parts = parameters.layer(layer);
        norm(worker, which == Norm.ATTENTION ? parts.attentionNorm() : parts.ffnNorm(), x, dy, n);
    }

    private void norm(Worker worker, Part part, MemorySegment x, MemorySegment dy, int n) {
        norm.weight(worker, x, LlamaShape.EPSILON, dy, parameters.gradients(part), n, part.cols());
    }

    @Override
    public void output(Worker worker, MemorySegment dLogits, MemorySegment x, int n) {
        linear(worker, parameters.embedding(), dLogits, x, n);
    }

    @Override
    public void outputNorm(Worker worker, MemorySegment x, MemorySegment dy, int n) {
        norm(worker, parameters.norm(), x, dy, n);
    }

    @Override
    public void embedding(Worker worker, int[] tokens, MemorySegment dx, int n) {
        Part part = parameters.embedding();
        EmbeddingGradient.weights(worker, tokens, n, dx, part.cols(), parameters.gradients(part));
    }
}
