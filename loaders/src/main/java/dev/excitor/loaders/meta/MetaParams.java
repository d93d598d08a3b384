package dev.excitor.loaders.meta;

import dev.excitor.loaders.gguf.GgufMetadataBuilder;
import dev.excitor.loaders.json.JsonFile;
import dev.excitor.loaders.json.JsonObject;
import dev.excitor.runtime.ExcitorException.Unsupported;
import java.nio.file.Path;
import java.util.List;

/// What `params.json` says, under GGUF's keys. A setting that is not known here is refused by name.
final class MetaParams {

    static final String FILE = "params.json";

    private static final int MAX_BYTES = 1 << 20;
    private static final int MAX_EXTENT = 1 << 24;
    private static final int MAX_CONTEXT = 1 << 28;

    /// `multiple_of`, `ffn_dim_multiplier` and `hidden_dim` lead to the width of the feed-forward layers, which the
    /// tensors tell as well.
    private static final List<String> KNOWN = List.of(
            "dim",
            "n_layers",
            "n_heads",
            "n_kv_heads",
            "head_dim",
            "hidden_dim",
            "multiple_of",
            "ffn_dim_multiplier",
            "norm_eps",
            "vocab_size",
            "rope_theta",
            "use_scaled_rope",
            "rope_scaling_factor",
            "max_seq_len",
            "max_batch_size");

    private static final float DEFAULT_THETA = 10_000;

    /// Llama 3.1's rotation was trained at 8,192 positions.
    private static final int SCALED_FROM = 8192;

    private final JsonObject json;
    private final int width;
    private final int layers;
    private final int heads;
    private final int headSize;
    private final float theta;
    private final boolean scaled;

    private MetaParams(JsonObject json) {
        this.json = json;
        for (String name : json.names()) {
            if (!KNOWN.contains(name) && json.has(name)) {
                throw new Unsupported("%s: field %s".formatted(json.path(), name), KNOWN);
            }
        }
        width = json.integer("dim", 1, MAX_EXTENT);
        layers = json.integer("n_layers", 1, MAX_EXTENT);
        heads = json.integer("n_heads", 1, MAX_EXTENT);
        if (!json.has("head_dim") && width % heads != 0) {
            throw json.malformed("dim", "a multiple of the %d heads".formatted(heads), "" + width);
        }
        headSize = json.integer("head_dim", width / heads, 1, MAX_EXTENT);
        if (headSize % 2 != 0) {
            throw json.malformed("head_dim", "an even number", "" + headSize);
        }
        theta = positive("rope_theta", DEFAULT_THETA);
        scaled = json.findBoolean("use_scaled_rope").orElse(false);
    }

    static MetaParams read(Path folder) {
        return new MetaParams(JsonFile.readObject(folder.resolve(FILE), MAX_BYTES));
    }

    int width() {
        return width;
    }

    /// Whether it is Llama 3.1 or later.
    boolean isScaled() {
        return scaled;
    }

    /// @param vocabulary how many tokens the tokenizer has
    /// @param ffn        the width of the feed-forward layers
    void addTo(GgufMetadataBuilder metadata, int vocabulary, int ffn) {
        int said = json.integer("vocab_size", -1, -1, MAX_EXTENT);
        if (said > 0 && said != vocabulary) {
            throw json.malformed("vocab_size", "%d, the tokens of tokenizer.model".formatted(vocabulary), "" + said);
        }
        metadata.string("general.architecture", "llama")
                .uint32("llama.block_count", layers)
                .uint32("llama.context_length", context())
                .uint32("llama.embedding_length", width)
                .uint32("llama.feed_forward_length", ffn)
                .uint32("llama.attention.head_count", heads)
                .uint32("llama.attention.head_count_kv", json.integer("n_kv_heads", heads, 1, heads))
                .uint32("llama.attention.key_length", headSize)
                .uint32("llama.attention.value_length", headSize)
                .uint32("llama.rope.dimension_count", headSize)
                .float32("llama.attention.layer_norm_rms_epsilon", positive("norm_eps", Float.NaN))
                .float32("llama.rope.freq_base", theta)
                .uint32("llama.vocab_size", vocabulary);
    }

    /// The file does not say for how many positions a model was trained. What sets the generations apart does: the base
    /// of Code Llama and of Llama 3, the scaling of 3.1, and the epsilon, which became 1e-5 with Llama 2.
    private int context() {
        int known = theta == 1e6f
                ? 16_384
                : theta == 5e5f ? (scaled ? 131_072 : SCALED_FROM) : epsilonOfLlama2() ? 4096 : 2048;
        return json.integer("max_seq_len", known, 1, MAX_CONTEXT);
    }

    private boolean epsilonOfLlama2() {
        return positive("norm_eps", Float.NaN) == 1e-5f;
    }

    /// Divisors of the frequencies of Llama 3.1 and later, or none: long waves are slowed down by a factor, short ones
    /// are not, and those between in part.
    float[] ropeFactors() {
        if (!scaled) {
            return new float[0];
        }
        float factor = positive("rope_scaling_factor", scalingOfShape());
        float low = 1;
        float high = 4;
        float[] factors = new float[headSize / 2];
        for (int pair = 0; pair < factors.length; pair++) {
            float frequency = 1 / (float) Math.pow(theta, 2f * pair / headSize);
            float wavelength = (float) (2 * Math.PI) / frequency;
            if (wavelength < SCALED_FROM / high) {
                factors[pair] = 1;
            } else if (wavelength > SCALED_FROM / low) {
                factors[pair] = factor;
            } else {
                float smooth = (SCALED_FROM / wavelength - low) / (high - low);
                factors[pair] = 1 / ((1 - smooth) / factor + smooth);
            }
        }
        return factors;
    }

    /// Meta's own file does not say the factor: it is 8, but for the 1B and 3B of Llama 3.2, where it is 32.
    private float scalingOfShape() {
        boolean isSmall = (width == 2048 && layers == 16) || (width == 3072 && layers == 28);
        return isSmall ? 32 : 8;
    }

    private float positive(String field, float absent) {
        float number = (float) json.findDouble(field).orElse(absent);
        if (!(number > 0 && number <= Float.MAX_VALUE)) {
            throw json.malformed(field, "a finite positive number", json.has(field) ? "" + number : "no such field");
        }
        return number;
    }
}
