package dev.excitor.model.sampling;

/// `--top-k`: keeps the k most probable tokens; 0 keeps all.
///
/// @param k 0 or more
public record TopK(int k) implements SamplerStep {

    public TopK {
        check(k);
    }

    static int check(int k) {
        return Ranges.within("--top-k", k, 0, Integer.MAX_VALUE, "0 (keep all tokens) or more");
    }

    @Override
    public void apply(Candidates candidates) {
        if (k > 0) {
            candidates.keepBest(k);
        }
    }
}
