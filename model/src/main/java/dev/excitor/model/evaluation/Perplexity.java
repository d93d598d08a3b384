package dev.excitor.model.evaluation;

/// How well a model predicts a text: e to the mean negative log-probability of its tokens. A model that knows the text
/// has 1, one that guesses among V tokens has V.
public final class Perplexity {

    private final Moments surprise = new Moments();

    /// Takes one token of the text.
    ///
    /// @param logProbability what the model gave it, before it knew
    public void add(double logProbability) {
        surprise.add(-logProbability);
    }

    /// Tokens so far.
    public long count() {
        return surprise.count();
    }

    /// The perplexity of the tokens so far.
    public Estimate estimate() {
        return surprise.mean().exp();
    }

    /// Mean and spread of the negative log-probabilities.
    Moments surprise() {
        return surprise;
    }
}
