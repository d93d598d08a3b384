package dev.excitor.train;

import dev.excitor.runtime.ExcitorException;

/// How an adapter is trained. The defaults are the recipe of the parent method, LLaMA-Adapter: AdamW, five epochs of
/// which two warm up, then half a cosine down to 0.
///
/// Immutable: each method named like a setting returns options with that one changed.
///
/// @param epochs       times every example is seen
/// @param steps        most updates; 0 for as many as the epochs have
/// @param batch        examples of an update
/// @param length       most tokens of an example; longer ones are cut
/// @param microTokens  most tokens that go through the model together; 0 for as many as one example may have
/// @param learningRate the highest
/// @param warmUp       share of all updates in which the learning rate grows from 0
/// @param clip         longest gradient, by its Euclidean norm; 0 for any
/// @param optimizer    AdamW's own settings
/// @param evaluateEvery updates between two measurements on the validation examples; 0 for once an epoch
/// @param patience     measurements without a new best after which training ends; 0 to never end early
/// @param seed         of the adapter's first numbers and of the order of examples
public record TrainingOptions(
        int epochs,
        int steps,
        int batch,
        int length,
        int microTokens,
        float learningRate,
        float warmUp,
        float clip,
        AdamW.Settings optimizer,
        int evaluateEvery,
        int patience,
        long seed) {

    private static final int MOST_TOKENS = 1 << 17;

    public TrainingOptions {
        require(epochs >= 1, "the number of epochs", "at least 1", epochs);
        require(steps >= 0, "the number of steps", "at least 0", steps);
        require(batch >= 1, "the batch", "at least 1 example", batch);
        require(length >= 2 && length <= MOST_TOKENS, "the length", "from 2 to " + MOST_TOKENS + " tokens", length);
        require(
                microTokens == 0 || (microTokens >= length && microTokens <= MOST_TOKENS),
                "the tokens of a micro-batch",
                "at least the length, " + length + ", or 0",
                microTokens);
        require(
                learningRate > 0 && Float.isFinite(learningRate),
                "the learning rate",
                "positive and finite",
                learningRate);
        require(warmUp >= 0 && warmUp <= 1, "the share of warm-up", "from 0 to 1", warmUp);
        require(clip >= 0, "the longest gradient", "at least 0", clip);
        require(evaluateEvery >= 0, "the steps between evaluations", "at least 0", evaluateEvery);
        require(patience >= 0, "the patience", "at least 0", patience);
    }

    private static void require(boolean holds, String what, String expected, Object found) {
        if (!holds) {
            throw new ExcitorException.InvalidOption(what, expected, found);
        }
    }

    public static TrainingOptions defaults() {
        return new TrainingOptions(5, 0, 32, 512, 0, 9e-3f, 0.4f, 1, AdamW.Settings.defaults(), 0, 0, 1);
    }

    public TrainingOptions epochs(int value) {
        return new TrainingOptions(
                value,
                steps,
                batch,
                length,
                microTokens,
                learningRate,
                warmUp,
                clip,
                optimizer,
                evaluateEvery,
                patience,
                seed);
    }

    public TrainingOptions steps(int value) {
        return new TrainingOptions(
                epochs,
                value,
                batch,
                length,
                microTokens,
                learningRate,
                warmUp,
                clip,
                optimizer,
                evaluateEvery,
                patience,
                seed);
    }

    public TrainingOptions batch(int value) {
        return new TrainingOptions(
                epochs,
                steps,
                value,
                length,
                microTokens,
                learningRate,
                warmUp,
                clip,
                optimizer,
                evaluateEvery,
                patience,
                seed);
    }

    public TrainingOptions length(int value) {
        return new TrainingOptions(
                epochs,
                steps,
                batch,
                value,
                microTokens,
                learningRate,
                warmUp,
                clip,
                optimizer,
                evaluateEvery,
                patience,
                seed);
    }

    public TrainingOptions learningRate(float value) {
        return new TrainingOptions(
                epochs,
                steps,
                batch,
                length,
                microTokens,
                value,
                warmUp,
                clip,
                optimizer,
                evaluateEvery,
                patience,
                seed);
    }

    public TrainingOptions microTokens(int value) {
        return new TrainingOptions(
                epochs,
                steps,
                batch,
                length,
                value,
                learningRate,
                warmUp,
                clip,
                optimizer,
                evaluateEvery,
                patience,
                seed);
    }

    public TrainingOptions evaluateEvery(int value) {
        return new TrainingOptions(
                epochs,
                steps,
                batch,
                length,
                microTokens,
                learningRate,
                warmUp,
                clip,
                optimizer,
                value,
                patience,
                seed);
    }

    public TrainingOptions patience(int value) {
        return new TrainingOptions(
                epochs,
                steps,
                batch,
                length,
                microTokens,
                learningRate,
                warmUp,
                clip,
                optimizer,
                evaluateEvery,
                value,
                seed);
    }

    public TrainingOptions seed(long value) {
        return new TrainingOptions(
                epochs,
                steps,
                batch,
                length,
                microTokens,
                learningRate,
                warmUp,
                clip,
                optimizer,
                evaluateEvery,
                patience,
                value);
    }

    /// Tokens that go through the model together.
    int capacity() {
        return microTokens == 0 ? length : microTokens;
    }

    /// Updates in all.
    ///
    /// @param examples of the training set
    int totalSteps(int examples) {
        long all = (long) epochs * stepsPerEpoch(examples);
        return (int) Math.min(steps == 0 ? Integer.MAX_VALUE : steps, Math.min(all, Integer.MAX_VALUE));
    }

    /// Updates in which every example is seen once; the last may have fewer examples.
    int stepsPerEpoch(int examples) {
        return Math.ceilDiv(examples, batch);
    }

    /// The learning rate of an update, counted from 0: a straight line up, then half a cosine down to 0.
    double learningRate(int step, int total) {
        double warm = warmUp * (double) total;
        if (step + 1 <= warm) {
            return learningRate * (step + 1) / warm;
        }
        double progress = (step + 1 - warm) / Math.max(1, total - warm + 1);
        return learningRate * 0.5 * (1 + Math.cos(Math.PI * progress));
    }
}
