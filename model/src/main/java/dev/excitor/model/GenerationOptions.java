package dev.excitor.model;

import dev.excitor.model.sampling.SamplerSettings;
import dev.excitor.runtime.ExcitorException;
import java.util.List;

/// How to continue a text.
///
/// @param maxTokens    most tokens to generate; -1 for no limit but the context
/// @param sampler      how the next token is chosen
/// @param stops        texts that end the generation and are not part of it
/// @param parseSpecial whether control tokens written in the prompt's text become control tokens
/// @param ignoreEnd    whether to go on when the model says it is done
public record GenerationOptions(
        int maxTokens, SamplerSettings sampler, List<String> stops, boolean parseSpecial, boolean ignoreEnd) {

    public GenerationOptions {
        if (maxTokens < -1) {
            throw new ExcitorException.InvalidOption(
                    "the number of tokens to generate (-n)", "0 or more, or -1 for no limit", maxTokens);
        }
        stops = List.copyOf(stops);
    }

    public static GenerationOptions defaults() {
        return new GenerationOptions(-1, SamplerSettings.DEFAULTS, List.of(), false, false);
    }

    public GenerationOptions maxTokens(int value) {
        return new GenerationOptions(value, sampler, stops, parseSpecial, ignoreEnd);
    }

    public GenerationOptions sampler(SamplerSettings value) {
        return new GenerationOptions(maxTokens, value, stops, parseSpecial, ignoreEnd);
    }

    /// 0 always takes the most probable token.
    public GenerationOptions temperature(float value) {
        return sampler(sampler.withTemperature(value));
    }

    public GenerationOptions seed(long value) {
        return sampler(sampler.withSeed(value));
    }

    public GenerationOptions stops(List<String> value) {
        return new GenerationOptions(maxTokens, sampler, value, parseSpecial, ignoreEnd);
    }

    public GenerationOptions parseSpecial(boolean value) {
        return new GenerationOptions(maxTokens, sampler, stops, value, ignoreEnd);
    }

    public GenerationOptions ignoreEnd(boolean value) {
        return new GenerationOptions(maxTokens, sampler, stops, parseSpecial, value);
    }
}
