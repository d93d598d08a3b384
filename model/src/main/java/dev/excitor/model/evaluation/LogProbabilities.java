package dev.excitor.model.evaluation;

import dev.excitor.runtime.ExcitorException;
import dev.excitor.runtime.format.Blocks;
import java.lang.foreign.MemorySegment;

/// What a model expects next: the log-probability of every token, in double.
///
/// ```text
/// log p_i = x_i - max x - log sum_j exp(x_j - max x)
/// ```
///
/// Set once per row of logits, so that a long text takes one array. Belongs to one thread.
public final class LogProbabilities {

    private final double[] values;
    private int top;

    /// @param vocabulary V, tokens it can tell apart
    public LogProbabilities(int vocabulary) {
        values = new double[vocabulary];
    }

    /// Takes a row of logits.
    ///
    /// @param logits `[V]` f32
    /// @return this
    /// @throws ExcitorException.NotFinite when a logit is infinite or no number
    public LogProbabilities set(MemorySegment logits) {
        int best = 0;
        for (int token = 0; token < values.length; token++) {
            float logit = Blocks.f32(logits, 4L * token);
            if (!Float.isFinite(logit)) {
                throw new ExcitorException.NotFinite("the logit of token " + token, String.valueOf(logit));
            }
            values[token] = logit;
            if (logit > values[best]) {
                best = token;
            }
        }
        normalize(values[best]);
        top = best;
        return this;
    }

    private void normalize(double max) {
        double sum = 0;
        for (double value : values) {
            sum += Math.exp(value - max);
        }
        double logSum = Math.log(sum);
        for (int token = 0; token < values.length; token++) {
            values[token] = values[token] - max - logSum;
        }
    }

    /// Tokens it tells apart.
    public int size() {
        return values.length;
    }

    /// The log-probability of a token, at most 0; negative infinity for one that cannot come.
    public double of(int token) {
        return values[token];
    }

    /// The most probable token, of several the first.
    public int top() {
        return top;
    }

    /// For who knows the log-probabilities already.
    void put(int token, double logProbability) {
        values[token] = logProbability;
    }

    void top(int token) {
        top = token;
    }
}
