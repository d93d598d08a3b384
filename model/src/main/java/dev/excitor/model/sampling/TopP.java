package dev.excitor.model.sampling;

/// `--top-p`, nucleus sampling: keeps the most probable tokens until their probabilities reach p together; 1 keeps all,
/// 0 one. Holtzman et al., "The Curious Case of Neural Text Degeneration", 2020.
///
/// @param p 0 to 1
public record TopP(float p) implements SamplerStep {

    public TopP {
        check(p);
    }

    static float check(float p) {
        return Ranges.fraction("--top-p", p);
    }

    @Override
    public void apply(Candidates candidates) {
        if (p == 1) {
            return;
        }
        double total = candidates.softmax();
        // The tokens below this limit, at most n of them, cannot make up 1 - p together: the nucleus is complete before
        // it comes to them. Few of a large vocabulary are above it, and only those are ranked.
        candidates.keepWeightsFrom((1 - (double) p) * total / candidates.size());
        candidates.rankByLogit();
        double mass = 0;
        do {
            mass += candidates.takeBest();
        } while (mass < p * total && candidates.remaining() > 0);
        candidates.keepTaken();
    }
}
