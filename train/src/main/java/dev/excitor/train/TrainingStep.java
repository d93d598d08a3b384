package dev.excitor.train;

/// What one update did.
///
/// @param step         how many updates have been made, this one included
/// @param steps        updates in all
/// @param epoch        the epoch it belongs to, from 1
/// @param loss         mean of its scored tokens, in nats
/// @param learningRate it was made with
/// @param gradientNorm Euclidean, before clipping
/// @param tokens       that went through the model
/// @param scored       of them, those whose prediction counted
/// @param seconds      it took
public record TrainingStep(
        int step,
        int steps,
        int epoch,
        double loss,
        double learningRate,
        double gradientNorm,
        int tokens,
        int scored,
        double seconds) {}
