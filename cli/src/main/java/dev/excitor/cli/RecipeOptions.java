package dev.excitor.cli;

import dev.excitor.train.AdamW;
import dev.excitor.train.TrainingOptions;
import picocli.CommandLine.Option;

/// How an adapter is trained.
final class RecipeOptions {

    private static final String DEFAULT = " (default: ${DEFAULT-VALUE}).";

    @Option(
            names = "--epochs",
            paramLabel = "N",
            defaultValue = "5",
            description = "Times every example is seen" + DEFAULT)
    private int epochs;

    @Option(
            names = "--steps",
            paramLabel = "N",
            defaultValue = "0",
            description = "Most updates; 0 for as many as the epochs have" + DEFAULT)
    private int steps;

    @Option(
            names = {"-b", "--batch"},
            paramLabel = "N",
            defaultValue = "32",
            description = "Examples of an update" + DEFAULT)
    private int batch;

    @Option(
            names = "--length",
            paramLabel = "N",
            defaultValue = "512",
            description = "Most tokens of an example; longer ones are cut" + DEFAULT)
    private int length;

    @Option(
            names = "--micro-tokens",
            paramLabel = "N",
            defaultValue = "0",
            description = "Most tokens that go through the model together, whole examples end to end: what memory grows"
                    + " with; 0 for --length" + DEFAULT)
    private int microTokens;

    @Option(names = "--lr", paramLabel = "F", defaultValue = "0.009", description = "Highest learning rate" + DEFAULT)
    private float learningRate;

    @Option(
            names = "--warmup",
            paramLabel = "F",
            defaultValue = "0.4",
            description =
                    "Share of all updates in which the learning rate grows; half a cosine down to 0 follows" + DEFAULT)
    private float warmUp;

    @Option(
            names = "--clip",
            paramLabel = "F",
            defaultValue = "1",
            description = "Longest gradient; 0 for any" + DEFAULT)
    private float clip;

    @Option(
            names = "--weight-decay",
            paramLabel = "F",
            defaultValue = "0.02",
            description = "Of prompts and projections; gates do not decay" + DEFAULT)
    private float decay;

    @Option(
            names = "--betas",
            paramLabel = "F",
            split = ",",
            arity = "1",
            defaultValue = "0.9,0.95",
            description = "AdamW's two" + DEFAULT)
    private float[] betas = {0.9f, 0.95f};

    @Option(
            names = "--eval-every",
            paramLabel = "N",
            defaultValue = "0",
            description = "Updates between two measurements on the validation examples; 0 for once an epoch" + DEFAULT)
    private int evaluateEvery;

    @Option(
            names = "--patience",
            paramLabel = "N",
            defaultValue = "0",
            description = "Measurements without a new best after which training ends; 0 for never" + DEFAULT)
    private int patience;

    @Option(
            names = "--seed",
            paramLabel = "N",
            defaultValue = "1",
            description = "Of the first numbers, of the order of examples, and of which are for validation" + DEFAULT)
    private long seed;

    TrainingOptions options() {
        float first = betas.length > 0 ? betas[0] : Float.NaN;
        float second = betas.length == 2 ? betas[1] : Float.NaN;
        return new TrainingOptions(
                epochs,
                steps,
                batch,
                length,
                microTokens,
                learningRate,
                warmUp,
                clip,
                new AdamW.Settings(first, second, AdamW.Settings.defaults().epsilon(), decay),
                evaluateEvery,
                patience,
                seed);
    }
}
