package dev.excitor.model.sampling;

/// `--typical`, locally typical sampling: keeps the tokens whose information content is nearest to the distribution's
/// entropy until their probabilities pass p together; 1 keeps all. The most probable token may be among the dropped.
/// Meister et al., "Locally Typical Sampling", 2022.
///
/// @param p 0 to 1
public record Typical(float p) implements SamplerStep {

    public Typical {
        check(p);
    }

    static float check(float p) {
        return Ranges.fraction("--typical", p);
    }

    /// With w = exp(x), x = logit - max and Z = sum of w: the information content of a token is log Z - x, the entropy
    /// log Z - sum of w x / Z; in their difference log Z cancels. Tokens without weight are out of any typical set.
    @Override
    public void apply(Candidates candidates) {
        if (p == 1) {
            return;
        }
        double total = candidates.softmax();
        candidates.keepWeightsFrom(Double.MIN_VALUE);
        double max = candidates.max();
        double mean = 0;
        for (int i = 0; i < candidates.size(); i++) {
            mean += candidates.weight(i) * (candidates.logit(i) - max);
        }
        mean /= total;
        // The tokens below this limit, at most n of them, cannot make up 1 - p together: the set is complete before it
        // comes to those that are further from the entropy than every token above it.
        double limit = (1 - (double) p) * total / candidates.size();
        float furthest = 0;
        for (int i = 0; i < candidates.size(); i++) {
            float distance = (float) Math.abs(candidates.logit(i) - max - mean);
            candidates.setKey(i, -distance);
            if (candidates.weight(i) >= limit) {
                furthest = Math.max(furthest, distance);
            }
        }
        candidates.keepKeysFrom(-furthest);
        candidates.rankByKey();
        double mass = 0;
        do {
            mass += candidates.takeBest();
        } while (mass <= p * total && candidates.remaining() > 0);
        candidates.keepTaken();
    }
}
