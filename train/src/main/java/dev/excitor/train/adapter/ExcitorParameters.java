package dev.excitor.train.adapter;

import dev.excitor.model.adapter.ExcitorConfig;
import dev.excitor.runtime.format.Blocks;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Everything an adapter learns, in f32, and the gradient of each number, in two runs of native memory of one layout:
/// layer by layer P, W_down, W_up and the gates. Channels are in the base's interleaved order.
public final class ExcitorParameters {

    /// One tensor of a layer.
    ///
    /// @param layer  of the model
    /// @param kind   what it is
    /// @param at     index of its first number
    /// @param rows   of the matrix
    /// @param cols   of the matrix
    public record Part(int layer, Kind kind, int at, int rows, int cols) {

        /// Numbers.
        public int size() {
            return rows * cols;
        }

        /// Byte of its first number.
        public long byteAt() {
            return 4L * at;
        }
    }

    /// The tensors of a layer, by the names they have in the file.
    public enum Kind {
        /// P, `[K, E]`.
        PROMPT("prompt"),
        /// W_down, `[r, C]`.
        DOWN("q_down"),
        /// W_up, `[E, r]`.
        UP("q_up"),
        /// g, `[1, 1 | H | G]`, before its activation.
        GATE("gate");

        private final String tensor;

        Kind(String tensor) {
            this.tensor = tensor;
        }

        /// The last part of the tensor's name.
        public String tensor() {
            return tensor;
        }
    }

    /// The tensors of one layer.
    record Block(Part prompt, Part down, Part up, Part gate) {}

    private final ExcitorConfig config;
    private final List<Part> parts;
    private final Map<Integer, Block> blocks = new HashMap<>();
    private final int size;
    private final MemorySegment values;
    private final MemorySegment gradients;

    public ExcitorParameters(Arena arena, ExcitorConfig config) {
        this.config = config;
        List<Part> all = new ArrayList<>();
        int at = 0;
        for (int layer : config.layers()) {
            Part prompt = new Part(layer, Kind.PROMPT, at, config.promptLength(), config.extraWidth());
            Part down = behind(prompt, Kind.DOWN, config.rank(), config.base().width());
            Part up = behind(down, Kind.UP, config.extraWidth(), config.rank());
            Part gate = behind(up, Kind.GATE, 1, config.gateCount());
            blocks.put(layer, new Block(prompt, down, up, gate));
            all.addAll(List.of(prompt, down, up, gate));
            at = Math.addExact(gate.at(), gate.size());
        }
        this.parts = List.copyOf(all);
        this.size = at;
        this.values = arena.allocate(4L * size, 64);
        this.gradients = arena.allocate(4L * size, 64);
    }

    private static Part behind(Part before, Kind kind, int rows, int cols) {
        Math.multiplyExact(rows, cols);
        return new Part(before.layer(), kind, Math.addExact(before.at(), before.size()), rows, cols);
    }

    public ExcitorConfig config() {
        return config;
    }

    /// Every tensor, in order.
    public List<Part> parts() {
        return parts;
    }

    /// Numbers in all.
    public int size() {
        return size;
    }

    /// The numbers, f32.
    public MemorySegment values() {
        return values;
    }

    /// The gradients, f32, in the same places.
    public MemorySegment gradients() {
        return gradients;
    }

    public float value(int index) {
        return Blocks.f32(values, 4L * index);
    }

    public void value(int index, float value) {
        Blocks.putF32(values, 4L * index, value);
    }

    public float gradient(int index) {
        return Blocks.f32(gradients, 4L * index);
    }

    /// Whether a layer has a block.
    public boolean isActive(int layer) {
        return blocks.containsKey(layer);
    }

    /// The lowest layer that has one.
    public int lowestLayer() {
        return config.layers().getFirst();
    }

    Block block(int layer) {
        return Optional.ofNullable(blocks.get(layer))
                .orElseThrow(() -> new IllegalArgumentException("layer %d has no block".formatted(layer)));
    }

    /// A tensor of a layer that has a block.
    public Part part(int layer, Kind kind) {
        Block block = block(layer);
        return switch (kind) {
            case PROMPT -> block.prompt();
            case DOWN -> block.down();
            case UP -> block.up();
            case GATE -> block.gate();
        };
    }

    /// g of a query head, after its activation.
    public float gate(int layer, int head) {
        float g = value(block(layer).gate().at() + gateIndex(head));
        return config.gateActivation() == ExcitorConfig.GateActivation.TANH ? (float) StrictMath.tanh(g) : g;
    }

    /// The derivative of [#gate] by the number it comes from.
    public float gateSlope(int layer, int head) {
        if (config.gateActivation() == ExcitorConfig.GateActivation.LINEAR) {
            return 1;
        }
        float g = gate(layer, head);
        return 1 - g * g;
    }

    /// Which number of the gate tensor belongs to a query head.
    public int gateIndex(int head) {
        return switch (config.gateShape()) {
            case SCALAR -> 0;
            case HEAD -> head;
            case KV_HEAD -> head * config.base().kvHeads() / config.base().heads();
        };
    }
}
