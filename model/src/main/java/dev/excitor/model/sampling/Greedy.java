package dev.excitor.model.sampling;

/// Picks the most probable token; of several, the one with the lowest id.
public record Greedy() implements TokenPick {

    @Override
    public int pick(Candidates candidates) {
        float max = candidates.max();
        int best = Integer.MAX_VALUE;
        for (int i = 0; i < candidates.size(); i++) {
            if (candidates.logit(i) == max) {
                best = Math.min(best, candidates.token(i));
            }
        }
        return best;
    }
}
