package dev.excitor.model.evaluation;

/// How far a model is from another, the base, on a text: what changes when weights are quantized or an adapter is put
/// on. The questions are those of llama.cpp's `--kl-divergence`.
///
/// For each token of the text, p is what the base expects and q what the model does:
///
/// ```text
/// D    = sum_i p_i log(p_i / q_i) - p_i + q_i      the Kullback-Leibler divergence of the two
/// dp   = q(next) - p(next)                         what the token that comes gained
/// ```
///
/// Where both sum to one, D is the usual `sum p log(p / q)`. In this form no term is negative, and an error of p, such
/// as the rounding of a [BaselineWriter], enters squared only.
public final class Divergence {

    private final Sample divergences = new Sample();
    private final Sample changes = new Sample();
    private final Moments squaredChanges = new Moments();
    private final Moments logRatios = new Moments();
    private final Perplexity perplexity = new Perplexity();
    private final Perplexity basePerplexity = new Perplexity();
    private long sameTop;

    /// Takes one token of the text.
    ///
    /// @param base  what the base expected
    /// @param model what the model expected
    /// @param next  the token that came
    public void add(LogProbabilities base, LogProbabilities model, int next) {
        divergences.add(between(base, model));
        double change = Math.exp(model.of(next)) - Math.exp(base.of(next));
        changes.add(change);
        squaredChanges.add(change * change);
        logRatios.add(base.of(next) - model.of(next));
        perplexity.add(model.of(next));
        basePerplexity.add(base.of(next));
        if (base.top() == model.top()) {
            sameTop++;
        }
    }

    /// D of one pair, in nats; 0 for equal ones, never negative.
    public static double between(LogProbabilities base, LogProbabilities model) {
        if (base.size() != model.size()) {
            throw new IllegalArgumentException(
                    "the base has %d tokens and the model %d".formatted(base.size(), model.size()));
        }
        double sum = 0;
        for (int token = 0; token < base.size(); token++) {
            double p = Math.exp(base.of(token));
            double q = Math.exp(model.of(token));
            sum += p == 0 ? q : p * (base.of(token) - model.of(token)) - p + q;
        }
        return Math.max(0, sum);
    }

    /// Tokens so far.
    public int count() {
        return divergences.size();
    }

    /// D of every token: its mean with error, and its quantiles.
    public Sample divergences() {
        return divergences;
    }

    /// dp of every token, from -1 to 1.
    public Sample changes() {
        return changes;
    }

    /// The root of the mean square of dp.
    public Estimate rmsChange() {
        return squaredChanges.mean().sqrt();
    }

    /// How often the two agree on the most probable token, from 0 to 1, with the error of a binomial proportion.
    public Estimate sameTop() {
        double share = sameTop / (double) count();
        return new Estimate(share, Math.sqrt(share * (1 - share) / (count() - 1)));
    }

    /// The model's perplexity.
    public Estimate perplexity() {
        return perplexity.estimate();
    }

    /// The base's perplexity.
    public Estimate basePerplexity() {
        return basePerplexity.estimate();
    }

    /// `ln(PPL / PPL(base))`: the mean difference of log-probabilities. Its error is that of the differences, far less
    /// than that of either perplexity, as both models meet the same text.
    public Estimate logRatio() {
        return logRatios.mean();
    }

    /// `PPL / PPL(base)`.
    public Estimate ratio() {
        return logRatio().exp();
    }

    /// `PPL - PPL(base)`.
    public Estimate difference() {
        Estimate model = perplexity();
        Estimate base = basePerplexity();
        double together = covariance() / (count() - 1) * model.value() * base.value();
        double variance = model.error() * model.error() + base.error() * base.error() - 2 * together;
        return new Estimate(model.value() - base.value(), Math.sqrt(Math.max(0, variance)));
    }

    /// Pearson's correlation of the two models' log-probabilities of the text, from -1 to 1.
    public double correlation() {
        double spread =
                perplexity.surprise().variance() * basePerplexity.surprise().variance();
        return covariance() / Math.sqrt(spread);
    }

    /// From the variance of the differences: `var(a - b) = var a + var b - 2 cov(a, b)`.
    private double covariance() {
        double separate =
                perplexity.surprise().variance() + basePerplexity.surprise().variance();
        return (separate - logRatios.variance()) / 2;
    }
}
