package dev.excitor.model.adapter;

import dev.excitor.model.arch.Dimensions;
import dev.excitor.runtime.ExcitorException;
import dev.excitor.runtime.Shape;
import dev.excitor.runtime.Tensor;
import dev.excitor.runtime.checkpoint.Checkpoint;
import dev.excitor.runtime.checkpoint.CheckpointReader;
import dev.excitor.runtime.ops.ExtraKeys;
import dev.excitor.runtime.ops.RopeLayout;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.Set;
import java.util.WeakHashMap;
import org.jspecify.annotations.Nullable;

/// A LLaMA-Excitor adapter, read whole into memory and checked: immutable, independent of its file, and usable by any
/// number of sessions of the model it was made for.
public final class Adapter {

    private final Path path;
    private final ExcitorConfig config;
    private final Map<Integer, ExcitorLayer> layers;

    /// Blocks made ready for the operations of an engine, for all its sessions; gone with the engine.
    private final Map<ExtraKeys, Map<Integer, ExtraKeys.Prepared>> prepared = new WeakHashMap<>();

    private Adapter(Path path, ExcitorConfig config, Map<Integer, ExcitorLayer> layers) {
        this.path = path;
        this.config = config;
        this.layers = layers;
    }

    /// Reads an adapter file.
    ///
    /// @throws ExcitorException.MalformedFile when a setting or tensor is not as the format demands
    public static Adapter open(Path path) {
        try (Checkpoint file = CheckpointReader.open(path, CheckpointReader.Memory.COPIED)) {
            ExcitorConfig config = ExcitorConfig.of(file);
            Set<String> unread = new LinkedHashSet<>();
            file.tensors().forEach(tensor -> unread.add(tensor.name()));
            SequencedMap<Integer, ExcitorLayer> layers = new LinkedHashMap<>();
            for (int layer : config.layers()) {
                layers.put(layer, readLayer(file, config, layer, unread));
            }
            if (!unread.isEmpty()) {
                throw new ExcitorException.MalformedFile(
                        path, -1, "tensors that no setting of this adapter uses: " + String.join(", ", unread));
            }
            return new Adapter(path, config, Map.copyOf(layers));
        }
    }

    private static ExcitorLayer readLayer(Checkpoint file, ExcitorConfig c, int layer, Set<String> unread) {
        String prefix = "blk." + layer + ".excitor.";
        int extra = c.extraWidth();
        float[] prompt = read(file, prefix + "prompt", c.promptLength(), extra, unread);
        float[] down = read(file, prefix + "q_down", c.rank(), c.base().width(), unread);
        float[] up = read(file, prefix + "q_up", extra, c.rank(), unread);
        float[] gate = read(file, prefix + "gate", 1, c.gateCount(), unread);
        ExtraKeys.Block block = new ExtraKeys.Block(
                c.base().width(),
                c.rank(),
                c.innerHeadCount(),
                c.promptLength(),
                extra / c.innerHeadCount(),
                c.effectiveInnerScale(),
                down,
                transposedUp(up, c),
                headMajor(prompt, c));
        return new ExcitorLayer(block, gatePerHead(gate, c));
    }

    private static float[] read(Checkpoint file, String name, int rows, int cols, Set<String> unread) {
        Tensor tensor = file.find(name)
                .orElseThrow(() ->
                        new ExcitorException.MalformedFile(file.path(), -1, "the tensor " + name + " is missing"));
        Shape expected = new Shape(rows, cols);
        if (!tensor.shape().equals(expected)) {
            throw new ExcitorException.Mismatch(
                    file.path() + ": tensor " + name,
                    expected.toString(),
                    tensor.shape().toString());
        }
        unread.remove(name);
        float[] numbers = new float[Math.toIntExact(expected.elements())];
        tensor.format().decode(tensor.data(), 0, numbers, 0, numbers.length);
        for (float number : numbers) {
            if (!Float.isFinite(number)) {
                throw new ExcitorException.NotFinite(file.path() + ": tensor " + name, String.valueOf(number));
            }
        }
        return numbers;
    }

    /// `[K][E]` to `[innerHeads][K][D]`, channels in the base's order.
    private static float[] headMajor(float[] prompt, ExcitorConfig c) {
        int heads = c.innerHeadCount();
        int dim = c.extraWidth() / heads;
        float[] result = new float[prompt.length];
        for (int k = 0; k < c.promptLength(); k++) {
            for (int e = 0; e < c.extraWidth(); e++) {
                int at = (e / dim * c.promptLength() + k) * dim + e % dim;
                result[at] = prompt[k * c.extraWidth() + sourceChannel(e, c)];
            }
        }
        return result;
    }

    /// `[E][r]` to `[r][E]`, channels in the base's order.
    private static float[] transposedUp(float[] up, ExcitorConfig c) {
        float[] result = new float[up.length];
        for (int e = 0; e < c.extraWidth(); e++) {
            for (int r = 0; r < c.rank(); r++) {
                result[r * c.extraWidth() + e] = up[sourceChannel(e, c) * c.rank() + r];
            }
        }
        return result;
    }

    /// Where the file keeps channel e of the base's interleaved order.
    private static int sourceChannel(int e, ExcitorConfig c) {
        RopeLayout layout = switch (c.ropeLayout()) {
            case INTERLEAVED -> RopeLayout.INTERLEAVED;
            case HALF -> RopeLayout.HALF;
        };
        return layout.source(e, c.base().keyDim());
    }

    private static float[] gatePerHead(float[] gate, ExcitorConfig c) {
        int heads = c.base().heads();
        float[] result = new float[heads];
        for (int h = 0; h < heads; h++) {
            float g = switch (c.gateShape()) {
                case SCALAR -> gate[0];
                case HEAD -> gate[h];
                case KV_HEAD -> gate[h * c.base().kvHeads() / heads];
            };
            result[h] = c.gateActivation() == ExcitorConfig.GateActivation.TANH ? (float) StrictMath.tanh(g) : g;
        }
        return result;
    }

    public Path path() {
        return path;
    }

    public ExcitorConfig config() {
        return config;
    }

    /// The block of a layer, or null where there is none.
    @Nullable
    ExcitorLayer layer(int index) {
        return layers.get(index);
    }

    /// Every block, made ready for some form of the operations.
    Map<Integer, ExtraKeys.Prepared> prepared(ExtraKeys ops) {
        synchronized (prepared) {
            return prepared.computeIfAbsent(ops, unseen -> {
                Map<Integer, ExtraKeys.Prepared> ready = new HashMap<>();
                layers.forEach((index, layer) -> ready.put(index, ops.prepare(Arena.ofAuto(), layer.block())));
                return ready;
            });
        }
    }

    /// Refuses a model this adapter was not made for.
    public void checkFits(Dimensions model) {
        ExcitorConfig.Base base = config.base();
        requireEqual("block_count", base.layers(), model.layers());
        requireEqual("embedding_length", base.width(), model.width());
        requireEqual("head_count", base.heads(), model.heads());
        requireEqual("head_count_kv", base.kvHeads(), model.kvHeads());
        requireEqual("key_length", base.keyDim(), model.keyDim());
        if (config.ropeLayout() == ExcitorConfig.RopeLayout.HALF && model.ropeDim() != model.keyDim()) {
            throw new ExcitorException.Unsupported(
                    path + ": rope_layout half for a model that rotates " + model.ropeDim() + " of " + model.keyDim()
                            + " channels of a head",
                    List.of("interleaved"));
        }
    }

    private void requireEqual(String what, int made, int found) {
        if (made != found) {
            throw new ExcitorException.Mismatch(
                    "%s was made for another base: %s".formatted(path, what),
                    made + " as in the adapter",
                    found + " in the model");
        }
    }
}
