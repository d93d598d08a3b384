package dev.excitor.loaders.huggingface;

import dev.excitor.loaders.gguf.GgufMetadataBuilder;
import dev.excitor.loaders.json.JsonObject;
import dev.excitor.runtime.ExcitorException.Unsupported;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;

/// `rope_theta` and `rope_scaling` of a `config.json` (`rope_parameters` in newer ones, which holds both).
///
/// | type | becomes |
/// | --- | --- |
/// | `default` | nothing |
/// | `linear` | `llama.rope.scaling.type` linear and a factor |
/// | `yarn` | `llama.rope.scaling.type` yarn with what Peng et al. (2023) leave open |
/// | `llama3` | a divisor for each pair, GGUF's tensor `rope_freqs.weight` |
///
/// @param base    of the frequencies
/// @param type    one of the above
/// @param scaling where its numbers stand; what is in it and not known is refused
/// @param factors a divisor of each pair's frequency, or none
record RopeScaling(float base, String type, Optional<JsonObject> scaling, int context, float[] factors) {

    private static final List<String> TYPES = List.of("default", "linear", "yarn", "llama3");

    /// Fields that every type may have.
    private static final List<String> COMMON = List.of("rope_type", "type", "rope_theta");

    private static final int MAX_CONTEXT = 1 << 28;

    /// @param context positions of the model
    static RopeScaling of(JsonObject config, int headSize, int context) {
        Optional<JsonObject> scaling = config.findObject("rope_parameters").or(() -> config.findObject("rope_scaling"));
        OptionalDouble theta = config.findDouble("rope_theta");
        if (theta.isEmpty() && scaling.isPresent()) {
            theta = scaling.get().findDouble("rope_theta");
        }
        float base = (float) theta.orElse(10_000);
        requirePositive(config, "rope_theta", base);
        if (scaling.isEmpty()) {
            return new RopeScaling(base, "default", scaling, context, new float[0]);
        }
        JsonObject s = scaling.get();
        String type = s.findString("rope_type").or(() -> s.findString("type")).orElse("default");
        float[] factors = switch (type) {
            case "default" -> known(s, new float[0]);
            case "linear" -> known(s, new float[0], "factor");
            case "yarn" ->
                known(
                        s,
                        new float[0],
                        "factor",
                        "original_max_position_embeddings",
                        "attention_factor",
                        "beta_fast",
                        "beta_slow");
            case "llama3" ->
                known(
                        s,
                        llama3(s, headSize, base),
                        "factor",
                        "low_freq_factor",
                        "high_freq_factor",
                        "original_max_position_embeddings");
            default -> throw new Unsupported("%s: %s = %s".formatted(s.path(), s.name("rope_type"), type), TYPES);
        };
        return new RopeScaling(base, type, scaling, context, factors);
    }

    private static float[] known(JsonObject s, float[] factors, String... fields) {
        List<String> all = new ArrayList<>(COMMON);
        all.addAll(List.of(fields));
        for (String name : s.names()) {
            if (!all.contains(name) && s.has(name)) {
                throw new Unsupported("%s: field %s".formatted(s.path(), s.name(name)), all);
            }
        }
        return factors;
    }

    /// Slow pairs are interpolated, fast ones are not, and those between in part; what llama.cpp's converter computes,
    /// in float as there.
    private static float[] llama3(JsonObject s, int headSize, float base) {
        float factor = positive(s, "factor");
        float low = positive(s, "low_freq_factor");
        float high = positive(s, "high_freq_factor");
        int original = s.integer("original_max_position_embeddings", 1, MAX_CONTEXT);
        if (!(low < high)) {
            throw s.malformed("high_freq_factor", "more than the low_freq_factor of " + low, "" + high);
        }
        float[] factors = new float[headSize / 2];
        for (int pair = 0; pair < factors.length; pair++) {
            float frequency = 1 / (float) Math.pow(base, 2f * pair / headSize);
            float wavelength = (float) (2 * Math.PI) / frequency;
            if (wavelength < original / high) {
                factors[pair] = 1;
            } else if (wavelength > original / low) {
                factors[pair] = factor;
            } else {
                float smooth = (original / wavelength - low) / (high - low);
                factors[pair] = 1 / ((1 - smooth) / factor + smooth);
            }
        }
        return factors;
    }

    private static float positive(JsonObject s, String field) {
        if (!s.has(field)) {
            throw s.malformed(field, "a positive number", "no such field");
        }
        float number = (float) s.findDouble(field).orElseThrow();
        requirePositive(s, field, number);
        return number;
    }

    private static void requirePositive(JsonObject s, String field, float number) {
        if (!(number > 0 && number <= Float.MAX_VALUE)) {
            throw s.malformed(field, "a finite positive number", "" + number);
        }
    }

    void addTo(GgufMetadataBuilder metadata) {
        metadata.float32("llama.rope.freq_base", base);
        if (type.equals("linear") || type.equals("yarn")) {
            JsonObject s = scaling.orElseThrow();
            float factor = positive(s, "factor");
            metadata.string("llama.rope.scaling.type", type).float32("llama.rope.scaling.factor", factor);
            if (type.equals("yarn")) {
                addYarn(metadata, s, factor);
            }
        }
    }

    private void addYarn(GgufMetadataBuilder metadata, JsonObject s, float factor) {
        metadata.uint32(
                "llama.rope.scaling.original_context_length",
                s.integer("original_max_position_embeddings", context, 1, MAX_CONTEXT));
        // GGUF's factor multiplies what the paper recommends, Hugging Face's stands instead of it.
        if (s.has("attention_factor")) {
            double recommended = 1 + 0.1 * Math.log(factor);
            metadata.float32("llama.rope.scaling.attn_factor", (float) (positive(s, "attention_factor") / recommended));
        }
        for (String field : List.of("beta_fast", "beta_slow")) {
            if (s.has(field)) {
                metadata.float32("llama.rope.scaling.yarn_" + field, positive(s, field));
            }
        }
    }
}
