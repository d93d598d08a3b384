package dev.excitor.model.adapter;

import dev.excitor.runtime.ExcitorException;
import dev.excitor.runtime.checkpoint.Checkpoint;
import dev.excitor.runtime.checkpoint.Metadata;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;

/// The settings of a LLaMA-Excitor adapter (Zou et al., arXiv 2404.00913), as its file states them. Whatever the paper
/// leaves open is a setting here and never a constant in the code.
///
/// @param layers          indices of the layers that have an Excitor block, ascending
/// @param promptLength    K, learned prompts per layer
/// @param rank            r of the two projections that make the Excitor query
/// @param queryRope       which query meets the extra key: the rotated one that meets ordinary keys, or the raw one
/// @param extraKeyRope    whether the extra key is rotated by its token's position
/// @param innerHeads      whether the softmax over the prompts is taken per head or once over the whole width
/// @param innerScale      factor of the inner scores; empty for 1/sqrt(head size) or, single, 1/sqrt(E)
/// @param gateShape       one gate per layer, per query head, or per key/value head
/// @param gateActivation  what is applied to a gate before it is used
/// @param input           what the Excitor query is made from: the normed hidden state that W_q receives, or the raw
/// one
/// @param width           E, the width of the extra key: that of the keys (G d) or that of the queries (H d)
/// @param ropeLayout      the order of channels that prompts and W_up were trained in
/// @param promptTemplate  the text the adapter was trained on, where the file names it
/// @param base            extents of the model it was made for
public record ExcitorConfig(
        List<Integer> layers,
        int promptLength,
        int rank,
        QueryRope queryRope,
        ExtraKeyRope extraKeyRope,
        InnerHeads innerHeads,
        Optional<Float> innerScale,
        GateShape gateShape,
        GateActivation gateActivation,
        Input input,
        Width width,
        RopeLayout ropeLayout,
        Optional<String> promptTemplate,
        Base base) {

    public enum QueryRope {
        SHARED,
        RAW
    }

    public enum ExtraKeyRope {
        NONE,
        KEY
    }

    public enum InnerHeads {
        MULTI,
        SINGLE
    }

    public enum GateShape {
        SCALAR,
        HEAD,
        KV_HEAD
    }

    public enum GateActivation {
        LINEAR,
        TANH
    }

    public enum Input {
        POST_NORM,
        PRE_NORM
    }

    public enum Width {
        KV,
        Q
    }

    public enum RopeLayout {
        INTERLEAVED,
        HALF
    }

    /// The model an adapter was made for.
    ///
    /// @param hash of the base file's tensors, where the adapter names one; shown, not checked
    public record Base(int layers, int width, int heads, int kvHeads, int keyDim, Optional<String> hash) {

        /// E of an adapter of this base.
        public int extraWidth(Width width) {
            return (width == Width.KV ? kvHeads : heads) * keyDim;
        }
    }

    private static final String PREFIX = "adapter.excitor.";
    private static final int VERSION = 1;
    private static final int MAX_PROMPTS = 1 << 14;
    private static final int MAX_RANK = 1 << 14;
    private static final List<String> KEYS = List.of(
            "version",
            "layers",
            "prompt_length",
            "rank",
            "query_rope",
            "extra_key_rope",
            "inner_heads",
            "inner_scale",
            "gate_shape",
            "gate_activation",
            "input",
            "width",
            "rope_layout",
            "prompt_template",
            "base.block_count",
            "base.embedding_length",
            "base.head_count",
            "base.head_count_kv",
            "base.key_length",
            "base.hash");

    /// Reads and checks the settings of an adapter file.
    static ExcitorConfig of(Checkpoint file) {
        Metadata m = file.metadata();
        requireText(file, "general.type", "adapter");
        requireText(file, "general.architecture", "llama");
        requireText(file, "adapter.type", "excitor");
        m.keys().stream()
                .filter(key -> key.startsWith(PREFIX) && !KEYS.contains(key.substring(PREFIX.length())))
                .findFirst()
                .ifPresent(key -> {
                    throw new ExcitorException.Unsupported(file.path() + ": the setting " + key, KEYS);
                });
        integer(file, "version", VERSION, VERSION);
        Base base = new Base(
                integer(file, "base.block_count", 1, 512),
                integer(file, "base.embedding_length", 1, 1 << 17),
                integer(file, "base.head_count", 1, 1024),
                integer(file, "base.head_count_kv", 1, 1024),
                integer(file, "base.key_length", 1, 1024),
                m.findString(PREFIX + "base.hash"));
        if (base.heads() % base.kvHeads() != 0) {
            throw malformed(file, "base.head_count_kv", "a divisor of " + base.heads(), base.kvHeads());
        }
        return new ExcitorConfig(
                layers(file, base.layers()),
                integer(file, "prompt_length", 1, MAX_PROMPTS),
                integer(file, "rank", 1, MAX_RANK),
                choice(file, "query_rope", QueryRope.SHARED),
                choice(file, "extra_key_rope", ExtraKeyRope.NONE),
                choice(file, "inner_heads", InnerHeads.MULTI),
                innerScale(file),
                choice(file, "gate_shape", GateShape.KV_HEAD),
                choice(file, "gate_activation", GateActivation.LINEAR),
                choice(file, "input", Input.POST_NORM),
                choice(file, "width", Width.KV),
                choice(file, "rope_layout", RopeLayout.INTERLEAVED),
                m.findString(PREFIX + "prompt_template"),
                base);
    }

    /// E, numbers in an extra key.
    public int extraWidth() {
        return base.extraWidth(width);
    }

    /// Heads of the inner softmax: one per head of the extra key, or one over its whole width.
    public int innerHeadCount() {
        return innerHeads == InnerHeads.SINGLE ? 1 : extraWidth() / base.keyDim();
    }

    /// The factor of the inner scores, automatic or not.
    public float effectiveInnerScale() {
        return innerScale.orElseGet(() -> (float) (1 / Math.sqrt(extraWidth() / (double) innerHeadCount())));
    }

    /// Gates in the file's tensor.
    public int gateCount() {
        return switch (gateShape) {
            case SCALAR -> 1;
            case HEAD -> base.heads();
            case KV_HEAD -> base.kvHeads();
        };
    }

    private static List<Integer> layers(Checkpoint file, int layerCount) {
        long[] found = file.metadata()
                .findLongs(PREFIX + "layers")
                .orElseThrow(() -> malformed(file, "layers", "an array of layer indices", "no such key"));
        Set<Long> seen = new HashSet<>();
        for (long layer : found) {
            if (layer < 0 || layer >= layerCount) {
                throw malformed(file, "layers", "indices from 0 to " + (layerCount - 1), layer);
            }
            if (!seen.add(layer)) {
                throw malformed(file, "layers", "each index once", "another " + layer);
            }
        }
        if (found.length == 0) {
            throw malformed(file, "layers", "at least one layer", "none");
        }
        return Arrays.stream(found).sorted().mapToObj(layer -> (int) layer).toList();
    }

    private static Optional<Float> innerScale(Checkpoint file) {
        String key = PREFIX + "inner_scale";
        if (!file.metadata().has(key)) {
            return Optional.empty();
        }
        float scale = (float) file.metadata().number(key, 0);
        if (!Float.isFinite(scale)) {
            throw malformed(file, "inner_scale", "a finite number", scale);
        }
        return Optional.of(scale);
    }

    private static <E extends Enum<E>> E choice(Checkpoint file, String name, E absent) {
        Optional<String> text = file.metadata().findString(PREFIX + name);
        if (text.isEmpty()) {
            return absent;
        }
        List<E> values = List.of(absent.getDeclaringClass().getEnumConstants());
        return values.stream()
                .filter(value -> value.name().toLowerCase(Locale.ROOT).equals(text.get()))
                .findFirst()
                .orElseThrow(() -> new ExcitorException.Unsupported(
                        file.path() + ": " + PREFIX + name + " = " + text.get(),
                        values.stream()
                                .map(value -> value.name().toLowerCase(Locale.ROOT))
                                .toList()));
    }

    private static int integer(Checkpoint file, String name, int min, int max) {
        long found = file.metadata().integer(PREFIX + name);
        if (found < min || found > max) {
            throw malformed(file, name, min == max ? "" + min : "an integer from " + min + " to " + max, found);
        }
        return (int) found;
    }

    private static void requireText(Checkpoint file, String key, String expected) {
        String found = file.metadata().findString(key).orElse("no such key");
        if (!found.equals(expected)) {
            throw new ExcitorException.MalformedFile(
                    file.path(),
                    -1,
                    "%s: expected %s, found %s; this is not an Excitor adapter of a LLaMA"
                            .formatted(key, expected, found));
        }
    }

    private static ExcitorException.MalformedFile malformed(
            Checkpoint file, String name, String expected, Object found) {
        return new ExcitorException.MalformedFile(
                file.path(), -1, "%s%s: expected %s, found %s".formatted(PREFIX, name, expected, found));
    }
}
