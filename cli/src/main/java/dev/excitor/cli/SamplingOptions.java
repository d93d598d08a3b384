package dev.excitor.cli;

import dev.excitor.model.GenerationOptions;
import dev.excitor.model.sampling.SamplerSettings;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Option;

/// How a text goes on: llama.cpp's options, with its defaults.
final class SamplingOptions {

    private static final SamplerSettings DEFAULTS = SamplerSettings.DEFAULTS;

    @Option(
            names = {"-n", "--predict", "--n-predict"},
            paramLabel = "N",
            description = "Most tokens to generate; -1 for no limit but the context (default: ${DEFAULT-VALUE}).")
    private int maxTokens = GenerationOptions.defaults().maxTokens();

    @Option(
            names = {"-s", "--seed"},
            paramLabel = "N",
            description = "The same seed gives the same text; -1 draws one (default: ${DEFAULT-VALUE}).")
    private long seed = DEFAULTS.seed();

    @Option(
            names = "--temp",
            paramLabel = "X",
            description = "Temperature: 0 always takes the most probable token, above 1 is more surprising"
                    + " (default: ${DEFAULT-VALUE}).")
    private float temperature = DEFAULTS.temperature();

    @Option(
            names = "--top-k",
            paramLabel = "N",
            description = "Choose among the N most probable tokens; 0 for all (default: ${DEFAULT-VALUE}).")
    private int topK = DEFAULTS.topK();

    @Option(
            names = "--top-p",
            paramLabel = "P",
            description = "Choose among the most probable tokens that together have probability P; 1 for all"
                    + " (default: ${DEFAULT-VALUE}).")
    private float topP = DEFAULTS.topP();

    @Option(
            names = "--min-p",
            paramLabel = "P",
            description = "Choose among tokens at least P times as probable as the most probable one; 0 for all"
                    + " (default: ${DEFAULT-VALUE}).")
    private float minP = DEFAULTS.minP();

    @Option(
            names = "--typical",
            paramLabel = "P",
            description = "Choose among the most typical tokens that together have probability P; 1 for all"
                    + " (default: ${DEFAULT-VALUE}).")
    private float typical = DEFAULTS.typical();

    @Option(
            names = "--repeat-penalty",
            paramLabel = "X",
            description = "Divides the logits of tokens that have just been; 1 is off (default: ${DEFAULT-VALUE}).")
    private float repeatPenalty = DEFAULTS.repeatPenalty();

    @Option(
            names = "--repeat-last-n",
            paramLabel = "N",
            description = "How many tokens back the three penalties look; 0 is off, -1 the whole text"
                    + " (default: ${DEFAULT-VALUE}).")
    private int repeatLastN = DEFAULTS.repeatLastN();

    @Option(
            names = "--presence-penalty",
            paramLabel = "X",
            description = "Taken from the logit of a token that has been; 0 is off (default: ${DEFAULT-VALUE}).")
    private float presencePenalty = DEFAULTS.presencePenalty();

    @Option(
            names = "--frequency-penalty",
            paramLabel = "X",
            description = "Taken from a token's logit each time it has been; 0 is off (default: ${DEFAULT-VALUE}).")
    private float frequencyPenalty = DEFAULTS.frequencyPenalty();

    @Option(
            names = "--logit-bias",
            paramLabel = "TOKEN(+|-)X",
            converter = LogitBiasArgument.Converter.class,
            description = "Adds X to the logit of a token, given by its number: 15043+1 makes it likelier, 15043-1 less"
                    + " likely, 15043-inf impossible. May be repeated.")
    private List<LogitBiasArgument> biases = new ArrayList<>();

    @Option(names = "--ignore-eos", description = "Go on when the model says that it is done.")
    private boolean ignoreEnd;

    @Option(
            names = {"-r", "--reverse-prompt"},
            paramLabel = "TEXT",
            description = "Ends the generation where the model writes this, which is not shown. May be repeated.")
    private List<String> stops = new ArrayList<>();

    /// Checks every value.
    GenerationOptions options() {
        SamplerSettings settings = new SamplerSettings(
                temperature,
                topK,
                topP,
                minP,
                typical,
                repeatPenalty,
                repeatLastN,
                presencePenalty,
                frequencyPenalty,
                logitBias(),
                seed);
        return GenerationOptions.defaults()
                .maxTokens(maxTokens)
                .sampler(settings)
                .stops(stops)
                .ignoreEnd(ignoreEnd);
    }

    private Map<Integer, Float> logitBias() {
        Map<Integer, Float> sums = new HashMap<>();
        for (LogitBiasArgument bias : biases) {
            sums.merge(bias.token(), bias.value(), Float::sum);
        }
        return sums;
    }
}
