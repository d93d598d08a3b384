package dev.excitor.model.arch.llama;

import dev.excitor.model.arch.Settings;
import dev.excitor.runtime.ExcitorException;
import dev.excitor.runtime.ops.RopeFrequencies;
import dev.excitor.runtime.ops.RopeLayout;
import java.util.List;

/// How positions become rotation angles, as the file states it.
///
/// @param base            of the geometric series of frequencies
/// @param scaling         how the model was stretched beyond the context it was trained on
/// @param layout          the order in which the rows of the query and key matrices lie
public record RopeSettings(float base, RopeFrequencies.Scaling scaling, RopeLayout layout) {

    private static final List<String> SCALINGS = List.of("none", "linear", "yarn");

    /// Of matrices in GGUF's order.
    public RopeSettings(float base, RopeFrequencies.Scaling scaling) {
        this(base, scaling, RopeLayout.INTERLEAVED);
    }

    static RopeSettings of(Settings s, int context) {
        return new RopeSettings(s.positiveOr("rope.freq_base", 10_000f), scaling(s, context), layout(s));
    }

    /// A key that GGUF has not: its matrices are interleaved. Readers of other files set it.
    private static RopeLayout layout(Settings s) {
        String name = s.metadata().findString(s.key("rope.layout")).orElse("interleaved");
        return switch (name) {
            case "interleaved" -> RopeLayout.INTERLEAVED;
            case "half" -> RopeLayout.HALF;
            default ->
                throw new ExcitorException.Unsupported(
                        s.key("rope.layout") + " = " + name, List.of("interleaved", "half"));
        };
    }

    /// Absent means linear with whatever factor the file has, which is 1 in most files.
    private static RopeFrequencies.Scaling scaling(Settings s, int context) {
        String type = s.metadata().findString(s.key("rope.scaling.type")).orElse("linear");
        if (!SCALINGS.contains(type)) {
            throw new ExcitorException.Unsupported(s.key("rope.scaling.type") + " = " + type, SCALINGS);
        }
        if (type.equals("none")) {
            return new RopeFrequencies.NoScaling();
        }
        float factor = s.positiveOr("rope.scaling.factor", s.positiveOr("rope.scale_linear", 1f));
        if (type.equals("linear")) {
            return new RopeFrequencies.Linear(factor);
        }
        return new RopeFrequencies.Yarn(
                factor,
                1,
                s.positiveOr("rope.scaling.attn_factor", 1f),
                s.positiveOr("rope.scaling.yarn_beta_fast", 32f),
                s.positiveOr("rope.scaling.yarn_beta_slow", 1f),
                s.integerOr("rope.scaling.original_context_length", context, 1, Integer.MAX_VALUE));
    }

    /// @param ropeDim rotated numbers of a head
    /// @param factors divisor of each pair's frequency (`rope_freqs.weight` of Llama 3.1), or none
    RopeFrequencies frequencies(int ropeDim, float[] factors) {
        return new RopeFrequencies(ropeDim, base, factors, scaling);
    }
}
