package dev.excitor.model.sampling;

import java.util.Map;

/// What to sample with: llama.cpp's options, their defaults in [#DEFAULTS]. Every value is checked here, and a wrong
/// one refused under the option's name.
///
/// @param temperature      `--temp`: 0 picks the most probable token, always
/// @param topK             `--top-k`: 0 is off
/// @param topP             `--top-p`: 0 to 1; 1 is off
/// @param minP             `--min-p`: 0 to 1; 0 is off
/// @param typical          `--typical`: 0 to 1; 1 is off
/// @param repeatPenalty    `--repeat-penalty`: above 0; 1 is off
/// @param repeatLastN      `--repeat-last-n`: the window of the three penalties in tokens; 0 is off, -1 the whole
/// context
/// @param presencePenalty  `--presence-penalty`: 0 is off
/// @param frequencyPenalty `--frequency-penalty`: 0 is off
/// @param logitBias        `--logit-bias`: what to add to a token's logit; -infinity forbids it
/// @param seed             `--seed`: any number; -1 draws one, which [Sampler#seed] tells
public record SamplerSettings(
        float temperature,
        int topK,
        float topP,
        float minP,
        float typical,
        float repeatPenalty,
        int repeatLastN,
        float presencePenalty,
        float frequencyPenalty,
        Map<Integer, Float> logitBias,
        long seed) {

    /// The seed that stands for "draw one".
    public static final long RANDOM_SEED = -1;

    /// llama.cpp's defaults.
    public static final SamplerSettings DEFAULTS =
            new SamplerSettings(0.8f, 40, 0.95f, 0.05f, 1, 1, 64, 0, 0, Map.of(), RANDOM_SEED);

    /// @throws dev.excitor.runtime.ExcitorException.InvalidOption naming the option that is out of its range
    public SamplerSettings {
        Temperature.check(temperature);
        TopK.check(topK);
        TopP.check(topP);
        MinP.check(minP);
        Typical.check(typical);
        Penalties.checkRepeat(repeatPenalty);
        Penalties.checkLastN(repeatLastN);
        Penalties.checkPresence(presencePenalty);
        Penalties.checkFrequency(frequencyPenalty);
        logitBias = Map.copyOf(logitBias);
        LogitBias.check(logitBias);
    }

    /// The most probable token, always: temperature 0.
    public static SamplerSettings greedy() {
        return DEFAULTS.withTemperature(0);
    }

    public SamplerSettings withTemperature(float value) {
        return new SamplerSettings(
                value,
                topK,
                topP,
                minP,
                typical,
                repeatPenalty,
                repeatLastN,
                presencePenalty,
                frequencyPenalty,
                logitBias,
                seed);
    }

    public SamplerSettings withTopK(int value) {
        return new SamplerSettings(
                temperature,
                value,
                topP,
                minP,
                typical,
                repeatPenalty,
                repeatLastN,
                presencePenalty,
                frequencyPenalty,
                logitBias,
                seed);
    }

    public SamplerSettings withTopP(float value) {
        return new SamplerSettings(
                temperature,
                topK,
                value,
                minP,
                typical,
                repeatPenalty,
                repeatLastN,
                presencePenalty,
                frequencyPenalty,
                logitBias,
                seed);
    }

    public SamplerSettings withMinP(float value) {
        return new SamplerSettings(
                temperature,
                topK,
                topP,
                value,
                typical,
                repeatPenalty,
                repeatLastN,
                presencePenalty,
                frequencyPenalty,
                logitBias,
                seed);
    }

    public SamplerSettings withTypical(float value) {
        return new SamplerSettings(
                temperature,
                topK,
                topP,
                minP,
                value,
                repeatPenalty,
                repeatLastN,
                presencePenalty,
                frequencyPenalty,
                logitBias,
                seed);
    }

    /// Sets the three penalties and their window together: they work as one step.
    public SamplerSettings withPenalties(float repeat, int lastN, float presence, float frequency) {
        return new SamplerSettings(
                temperature, topK, topP, minP, typical, repeat, lastN, presence, frequency, logitBias, seed);
    }

    public SamplerSettings withLogitBias(Map<Integer, Float> value) {
        return new SamplerSettings(
                temperature,
                topK,
                topP,
                minP,
                typical,
                repeatPenalty,
                repeatLastN,
                presencePenalty,
                frequencyPenalty,
                value,
                seed);
    }

    public SamplerSettings withSeed(long value) {
        return new SamplerSettings(
                temperature,
                topK,
                topP,
                minP,
                typical,
                repeatPenalty,
                repeatLastN,
                presencePenalty,
                frequencyPenalty,
                logitBias,
                value);
    }

    /// Whether the penalties can change any logit.
    boolean penalizes() {
        return repeatLastN != 0 && (repeatPenalty != 1 || presencePenalty != 0 || frequencyPenalty != 0);
    }
}
