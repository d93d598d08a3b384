package dev.excitor.model.sampling;

/// `--min-p`: drops the tokens whose probability is below p times that of the most probable; 0 keeps all.
/// Nguyen et al., "Turning Up the Heat: Min-p Sampling for Creative and Coherent LLM Outputs", 2024.
///
/// @param p 0 to 1
public record MinP(float p) implements SamplerStep {

    public MinP {
        check(p);
    }

    static float check(float p) {
        return Ranges.fraction("--min-p", p);
    }

    /// `exp(logit - max) >= p`, without an exponential per token.
    @Override
    public void apply(Candidates candidates) {
        if (p > 0) {
            candidates.keepFrom(candidates.max() + StrictMath.log(p));
        }
    }
}
