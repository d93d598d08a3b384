package dev.excitor.train.pretrain;

import dev.excitor.model.arch.Dimensions;
import dev.excitor.model.arch.Linear;
import dev.excitor.model.arch.llama.LlamaConfig;
import dev.excitor.model.arch.llama.LlamaWeights;
import dev.excitor.model.arch.llama.RopeSettings;
import dev.excitor.runtime.Engine;
import dev.excitor.runtime.Shape;
import dev.excitor.runtime.Tensor;
import dev.excitor.runtime.format.Blocks;
import dev.excitor.runtime.format.Formats;
import dev.excitor.runtime.kernel.Regime;
import dev.excitor.runtime.ops.RopeFrequencies;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/// The weights of a model in the making, in f32 and native memory, where the decoder's products read them and the
/// optimizer changes them in place, and beside them their gradients.
final class LlamaParameters implements AutoCloseable {

    private static final float DEVIATION = 0.02f;

    /// A tensor of the model.
    ///
    /// @param name GGUF's name, without `.weight`
    /// @param at   its first number among all of the model's
    /// @param rows 1 for a vector
    record Part(String name, int at, int rows, int cols) {
        int size() {
            return rows * cols;
        }

        boolean isMatrix() {
            return rows > 1;
        }
    }

    /// The parts of one layer.
    record Layer(
            Part attentionNorm,
            Part query,
            Part key,
            Part value,
            Part output,
            Part ffnNorm,
            Part gate,
            Part up,
            Part down) {}

    private final Arena arena = Arena.ofShared();
    private final LlamaShape shape;
    private final List<Part> parts = new ArrayList<>();
    private final List<Layer> layers = new ArrayList<>();
    private final Part embedding;
    private final Part norm;
    private final MemorySegment weights;
    private final MemorySegment gradients;
    private int size;

    /// Fresh weights: normal with a deviation of 0.02, what a residual is added from scaled down by the number of such
    /// additions, and norms of one.
    ///
    /// Source of the scaling: Radford and others, "Language Models are Unsupervised Multitask Learners", 2019.
    LlamaParameters(LlamaShape shape, long seed) {
        this.shape = shape;
        int width = shape.width();
        embedding = part("token_embd", shape.vocabulary(), width);
        for (int i = 0; i < shape.layers(); i++) {
            String block = "blk." + i + ".";
            layers.add(new Layer(
                    part(block + "attn_norm", 1, width),
                    part(block + "attn_q", shape.query(), width),
                    part(block + "attn_k", shape.keyValue(), width),
                    part(block + "attn_v", shape.keyValue(), width),
                    part(block + "attn_output", width, shape.query()),
                    part(block + "ffn_norm", 1, width),
                    part(block + "ffn_gate", shape.ffn(), width),
                    part(block + "ffn_up", shape.ffn(), width),
                    part(block + "ffn_down", width, shape.ffn())));
        }
        norm = part("output_norm", 1, width);
        weights = arena.allocate(4L * size, 64);
        gradients = arena.allocate(4L * size, 64);
        SplittableRandom random = new SplittableRandom(seed);
        float residual = DEVIATION / (float) Math.sqrt(2.0 * shape.layers());
        for (Part part : parts) {
            boolean added = part.name.endsWith("attn_output") || part.name.endsWith("ffn_down");
            for (int i = 0; i < part.size(); i++) {
                float fresh = part.isMatrix() ? (float) random.nextGaussian() * (added ? residual : DEVIATION) : 1;
                Blocks.putF32(weights, 4L * (part.at + i), fresh);
            }
        }
    }

    private Part part(String name, int rows, int cols) {
        Part part = new Part(name, size, rows, cols);
        parts.add(part);
        size = Math.addExact(size, Math.multiplyExact(rows, cols));
        return part;
    }

    LlamaShape shape() {
        return shape;
    }

    /// All parts in order; together they are the whole.
    List<Part> parts() {
        return List.copyOf(parts);
    }

    Part embedding() {
        return embedding;
    }

    Layer layer(int i) {
        return layers.get(i);
    }

    Part norm() {
        return norm;
    }

    /// Weights in all.
    int size() {
        return size;
    }

    MemorySegment weights() {
        return weights;
    }

    MemorySegment gradients() {
        return gradients;
    }

    MemorySegment weights(Part part) {
        return weights.asSlice(4L * part.at, 4L * part.size());
    }

    MemorySegment gradients(Part part) {
        return gradients.asSlice(4L * part.at, 4L * part.size());
    }

    LlamaConfig config() {
        Dimensions dims = new Dimensions(
                shape.layers(),
                shape.width(),
                shape.heads(),
                shape.kvHeads(),
                shape.headSize(),
                shape.headSize(),
                shape.headSize(),
                shape.vocabulary(),
                shape.context());
        RopeSettings rope = new RopeSettings(LlamaShape.ROPE_BASE, new RopeFrequencies.NoScaling());
        return new LlamaConfig(dims, shape.ffn(), LlamaShape.EPSILON, rope);
    }

    /// The model over these very weights.
    LlamaWeights bind(Engine engine) {
        List<LlamaWeights.Layer> bound = layers.stream()
                .map(layer -> new LlamaWeights.Layer(
                        weights(layer.attentionNorm),
                        linear(engine, layer.query),
                        linear(engine, layer.key),
                        linear(engine, layer.value),
                        linear(engine, layer.output),
                        weights(layer.ffnNorm),
                        linear(engine, layer.gate),
                        linear(engine, layer.up),
                        linear(engine, layer.down)))
                .toList();
        RopeFrequencies frequencies = new RopeFrequencies(
                shape.headSize(), LlamaShape.ROPE_BASE, new float[0], new RopeFrequencies.NoScaling());
        return new LlamaWeights(tensor(embedding), bound, weights(norm), linear(engine, embedding), frequencies);
    }

    private Linear linear(Engine engine, Part part) {
        Tensor tensor = tensor(part);
        return new Linear(
                tensor,
                null,
                engine.cpuKernels().choose(tensor, Regime.DECODE),
                engine.cpuKernels().choose(tensor, Regime.PREFILL));
    }

    private Tensor tensor(Part part) {
        return new Tensor(part.name + ".weight", Formats.of("F32"), new Shape(part.rows, part.cols), weights(part));
    }

    @Override
    public void close() {
        arena.close();
    }
}
