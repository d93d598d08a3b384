package dev.excitor.model.sampling;

/// Picks a token at random, each with its probability (llama.cpp's `dist`). One random number is drawn per token, so
/// that the same seed and the same logits give the same text on every machine.
public final class SeededPick implements TokenPick {

    private final long seed;
    private final SplitMix64 random;

    /// @param seed any number
    public SeededPick(long seed) {
        this.seed = seed;
        this.random = new SplitMix64(seed);
    }

    public long seed() {
        return seed;
    }

    /// Walks along the weights until their sum passes the drawn part of the total. It does so at the last one with a
    /// weight at the latest: the same additions gave the total, and a number below 1 times the total is below it.
    @Override
    public int pick(Candidates candidates) {
        double target = candidates.softmax() * random.nextDouble();
        int at = 0;
        for (double mass = candidates.weight(0); mass <= target; mass += candidates.weight(at)) {
            at++;
        }
        return candidates.token(at);
    }

    @Override
    public void reset() {
        random.seed(seed);
    }

    @Override
    public String toString() {
        return "SeededPick[seed=" + seed + "]";
    }
}
