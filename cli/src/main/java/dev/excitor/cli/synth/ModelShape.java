package dev.excitor.cli.synth;

import dev.excitor.runtime.ExcitorException;
import java.util.List;
import java.util.Optional;

/// The sizes of a LLaMA, and the numbers beside them that a file must state.
///
/// @param name          what `general.name` says
/// @param layers        blocks
/// @param width         numbers in a hidden state
/// @param heads         query heads
/// @param kvHeads       key/value heads; divides `heads`
/// @param headSize      numbers in a head, even
/// @param ffn           width of the feed-forward block
/// @param vocabulary    tokens
/// @param context       longest context it claims to be trained for
/// @param ropeBase      base of the rotary frequencies
/// @param ropeFactor    by how much Llama 3.1's scheme stretches the long wavelengths, or 1 for none
/// @param tied          whether the token embedding is also the output matrix
public record ModelShape(
        String name,
        int layers,
        int width,
        int heads,
        int kvHeads,
        int headSize,
        int ffn,
        int vocabulary,
        int context,
        float ropeBase,
        float ropeFactor,
        boolean tied) {

    /// The real models, from their published `config.json`.
    private static final List<ModelShape> KNOWN = List.of(
            new ModelShape("llama-3.2-1b", 16, 2048, 32, 8, 64, 8192, 128_256, 131_072, 500_000, 32, true),
            new ModelShape("tinyllama-1.1b", 22, 2048, 32, 4, 64, 5632, 32_000, 2048, 10_000, 1, false),
            new ModelShape("llama-2-7b", 32, 4096, 32, 32, 128, 11_008, 32_000, 4096, 10_000, 1, false),
            new ModelShape("llama-3-8b", 32, 4096, 32, 8, 128, 14_336, 128_256, 8192, 500_000, 1, false));

    /// Llama 3.1's rotary scheme: wavelengths below the original context / 4 stay, those above it are stretched.
    private static final double ORIGINAL_CONTEXT = 8192;

    private static final double LOW_FREQUENCY_FACTOR = 1;
    private static final double HIGH_FREQUENCY_FACTOR = 4;

    public ModelShape {
        require("--layers", "from 1 to 512", layers, layers >= 1 && layers <= 512);
        require("--width", "a multiple of 32 from 32 to 65536", width, isMultiple(width, 32, 65_536));
        require("--heads", "from 1 to 1024", heads, heads >= 1 && heads <= 1024);
        require("--kv-heads", "a divisor of --heads", kvHeads, kvHeads >= 1 && heads % kvHeads == 0);
        require("--head-size", "an even number from 2 to 1024", headSize, isMultiple(headSize, 2, 1024));
        require("--heads x --head-size", "a multiple of 32", heads * headSize, heads * headSize % 32 == 0);
        require("--ffn", "a multiple of 32 from 32 to 262144", ffn, isMultiple(ffn, 32, 262_144));
        int least = SyntheticVocabulary.LEAST;
        require(
                "--vocab-size",
                "from " + least + " to 4194304",
                vocabulary,
                vocabulary >= least && vocabulary <= 1 << 22);
        require("--context", "from 1 to 16777216", context, context >= 1 && context <= 1 << 24);
        require("--rope-base", "a positive number", ropeBase, ropeBase > 0 && ropeBase < Float.POSITIVE_INFINITY);
    }

    public static List<String> names() {
        return KNOWN.stream().map(ModelShape::name).toList();
    }

    public static ModelShape of(String name) {
        Optional<ModelShape> found =
                KNOWN.stream().filter(shape -> shape.name.equals(name)).findFirst();
        return found.orElseThrow(() -> new ExcitorException.Unsupported("the shape " + name, names()));
    }

    public ModelShape withVocabulary(int tokens) {
        return new ModelShape(
                name, layers, width, heads, kvHeads, headSize, ffn, tokens, context, ropeBase, ropeFactor, tied);
    }

    /// Weights in all, norms included.
    public long parameters() {
        long attention = (long) width * headSize * (2L * heads + 2L * kvHeads);
        long layer = attention + 3L * width * ffn + 2L * width;
        return layers * layer + (tied ? 1L : 2L) * vocabulary * width + width;
    }

    /// What `rope_freqs.weight` holds: a divisor for each rotary frequency.
    ///
    /// Source: Llama 3.1's `apply_scaling`, as a file in GGUF states it.
    float[] ropeFactors() {
        float[] factors = new float[headSize / 2];
        for (int i = 0; i < factors.length; i++) {
            double wavelength = 2 * Math.PI * Math.pow(ropeBase, 2.0 * i / headSize);
            double turns = ORIGINAL_CONTEXT / wavelength;
            double blend = Math.clamp(
                    (turns - LOW_FREQUENCY_FACTOR) / (HIGH_FREQUENCY_FACTOR - LOW_FREQUENCY_FACTOR), 0.0, 1.0);
            factors[i] = (float) (1 / ((1 - blend) / ropeFactor + blend));
        }
        return factors;
    }

    private static boolean isMultiple(int value, int of, int max) {
        return value >= of && value <= max && value % of == 0;
    }

    private static void require(String option, String expected, Object found, boolean holds) {
        if (!holds) {
            throw new ExcitorException.InvalidOption(option, expected, found);
        }
    }
}
