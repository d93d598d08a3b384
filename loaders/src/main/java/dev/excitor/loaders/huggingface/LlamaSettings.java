package dev.excitor.loaders.huggingface;

import dev.excitor.loaders.gguf.GgufMetadataBuilder;
import dev.excitor.loaders.json.JsonObject;
import dev.excitor.runtime.ExcitorException.Unsupported;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/// What `config.json` of a LLaMA says, under GGUF's keys. A setting that changes the numbers and is not known here is
/// refused by name.
final class LlamaSettings {

    private static final List<String> ARCHITECTURES = List.of("LlamaForCausalLM", "MistralForCausalLM");
    private static final List<String> MODEL_TYPES = List.of("llama", "mistral");

    private static final int MAX_VOCABULARY = 1 << 22;
    private static final int MAX_CONTEXT = 1 << 28;
    private static final int MAX_EXTENT = 1 << 24;

    private final JsonObject config;
    private final int vocabulary;
    private final int headSize;
    private final boolean tied;
    private final RopeScaling rope;

    /// @throws Unsupported for another family of models, by name
    LlamaSettings(JsonObject config) {
        this.config = config;
        requireFamily();
        requireAbsent("quantization_config", "weights in F32, F16 or BF16");
        requireAbsent("num_local_experts", "models without experts");
        requireText("hidden_act", "silu");
        if (config.findDouble("partial_rotary_factor").orElse(1) != 1) {
            throw unsupported("partial_rotary_factor", List.of("1"));
        }
        this.vocabulary = config.integer("vocab_size", 1, MAX_VOCABULARY);
        int heads = heads();
        int width = config.integer("hidden_size", 1, MAX_EXTENT);
        if (!config.has("head_dim") && width % heads != 0) {
            throw config.malformed("hidden_size", "a multiple of the %d heads".formatted(heads), "" + width);
        }
        this.headSize = config.integer("head_dim", width / heads, 1, MAX_EXTENT);
        if (headSize % 2 != 0) {
            throw config.malformed("head_dim", "an even number", "" + headSize);
        }
        this.tied = config.findBoolean("tie_word_embeddings").orElse(false);
        this.rope = RopeScaling.of(config, headSize, positions());
    }

    private void requireFamily() {
        List<String> architectures = config.strings("architectures");
        if (architectures.isEmpty()) {
            String type = config.findString("model_type").orElse("unnamed");
            if (!MODEL_TYPES.contains(type)) {
                throw new Unsupported(config.path() + ": model_type = " + type, MODEL_TYPES);
            }
            return;
        }
        for (String architecture : architectures) {
            if (!ARCHITECTURES.contains(architecture)) {
                throw new Unsupported(config.path() + ": architectures = " + architecture, ARCHITECTURES);
            }
        }
    }

    private void requireAbsent(String field, String known) {
        if (config.has(field)) {
            throw unsupported(field, List.of(known));
        }
    }

    private void requireText(String field, String only) {
        if (!config.findString(field).orElse(only).equals(only)) {
            throw unsupported(field, List.of(only));
        }
    }

    private Unsupported unsupported(String field, List<String> known) {
        return new Unsupported("%s: field %s = %s".formatted(config.path(), field, config.describe(field)), known);
    }

    private int heads() {
        return config.integer("num_attention_heads", 1, MAX_EXTENT);
    }

    private int positions() {
        return config.integer("max_position_embeddings", 1, MAX_CONTEXT);
    }

    int vocabulary() {
        return vocabulary;
    }

    /// Whether the output matrix is the embedding.
    boolean tied() {
        return tied;
    }

    /// Whether `attention_bias` or `mlp_bias` says that a layer's matrix has a bias; empty where nothing does.
    Optional<Boolean> biased(String matrix) {
        return config.findBoolean(matrix.startsWith("ffn") ? "mlp_bias" : "attention_bias");
    }

    /// The divisors of the rotations' frequencies; none where there are none.
    float[] ropeFactors() {
        return rope.factors();
    }

    void addTo(GgufMetadataBuilder metadata) {
        metadata.string("general.architecture", "llama")
                .string("general.type", "model")
                .string("general.name", name())
                .uint32("llama.vocab_size", vocabulary)
                .uint32("llama.context_length", context())
                .uint32("llama.embedding_length", config.integer("hidden_size", 1, MAX_EXTENT))
                .uint32("llama.block_count", config.integer("num_hidden_layers", 1, MAX_EXTENT))
                .uint32("llama.feed_forward_length", config.integer("intermediate_size", 1, MAX_EXTENT))
                .uint32("llama.attention.head_count", heads())
                .uint32("llama.attention.head_count_kv", config.integer("num_key_value_heads", heads(), 1, MAX_EXTENT))
                .uint32("llama.attention.key_length", headSize)
                .uint32("llama.attention.value_length", headSize)
                .float32("llama.attention.layer_norm_rms_epsilon", (float)
                        config.findDouble("rms_norm_eps").orElse(1e-6))
                .uint32("llama.rope.dimension_count", headSize)
                .string("llama.rope.layout", "half");
        rope.addTo(metadata);
    }

    private String name() {
        String known = config.findString("_name_or_path").orElse("");
        Path absolute = config.path().toAbsolutePath().normalize();
        return known.isBlank() && absolute.getNameCount() > 1
                ? String.valueOf(absolute.getName(absolute.getNameCount() - 2))
                : known;
    }

    /// Attention that looks back over a window only is whole attention as long as the text fits into the window.
    private int context() {
        return config.integer("sliding_window", positions(), 1, MAX_CONTEXT) < positions()
                ? config.integer("sliding_window", 1, MAX_CONTEXT)
                : positions();
    }
}
