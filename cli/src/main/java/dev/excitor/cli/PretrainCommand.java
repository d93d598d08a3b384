package dev.excitor.cli;

import dev.excitor.runtime.EngineOptions;
import dev.excitor.runtime.ExcitorException;
import dev.excitor.runtime.format.Format;
import dev.excitor.runtime.format.Formats;
import dev.excitor.train.pretrain.Pretraining;
import dev.excitor.train.pretrain.PretrainingSettings;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/// `excitor pretrain`: how the model that comes with the program was made.
@Command(
        name = "pretrain",
        description = {
            "Makes a small LLaMA out of nothing: learns a vocabulary and then every weight from stories that it makes up,"
                    + " and writes a GGUF file. The model that comes with the program was made by this command with its"
                    + " defaults.",
            "It is a tool for those who work on Excitor: there is no way to give it other text."
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  excitor pretrain -o story.Q8_0.gguf",
            "  excitor pretrain --from story.Q8_0.gguf -o better.Q8_0.gguf"
        })
final class PretrainCommand extends Subcommand {

    private static final int REPORT_EVERY = 20;

    private static final List<String> FORMATS = List.of("F32", "F16", "Q4_0", "Q8_0");

    @Option(
            names = {"-o", "--output"},
            paramLabel = "FILE",
            required = true,
            description =
                    "The file to write. It is there first after --save-every steps, and replaced with each further"
                            + " so many.")
    private Path output = Path.of("");

    @Option(
            names = {"-f", "--force"},
            description = "Replace the file if it is there.")
    private boolean force;

    @Option(
            names = "--from",
            paramLabel = "FILE",
            description = "Go on from the weights of a model that this command made, instead of fresh ones; it may have"
                    + " another vocabulary.")
    private @Nullable Path from;

    @Option(
            names = "--type",
            paramLabel = "TYPE",
            defaultValue = "Q8_0",
            description = "The format of the matrices: F32, F16, Q4_0 or Q8_0 (default: ${DEFAULT-VALUE}).")
    private String type = "Q8_0";

    @Option(
            names = {"-s", "--seed"},
            paramLabel = "N",
            description = "Decides the texts, their order and the first weights (default: ${DEFAULT-VALUE}).")
    private long seed = PretrainingSettings.defaults().seed();

    @Option(names = "--steps", paramLabel = "N", description = "Steps of the optimizer (default: ${DEFAULT-VALUE}).")
    private int steps = PretrainingSettings.defaults().steps();

    @Option(
            names = "--tokens-per-step",
            paramLabel = "N",
            description = "Least tokens that a step learns from (default: ${DEFAULT-VALUE}).")
    private int tokensPerStep = PretrainingSettings.defaults().tokensPerStep();

    @Option(
            names = "--learning-rate",
            paramLabel = "X",
            description = "Peak of the learning rate (default: ${DEFAULT-VALUE}).")
    private double learningRate = PretrainingSettings.defaults().learningRate();

    @Option(
            names = "--vocab-size",
            paramLabel = "N",
            description = "Most tokens of the vocabulary (default: ${DEFAULT-VALUE}).")
    private int vocabulary = PretrainingSettings.defaults().vocabulary();

    @Option(
            names = "--save-every",
            paramLabel = "N",
            description = "Steps after which the file is written, again and again (default: ${DEFAULT-VALUE}).")
    private int saveEvery = PretrainingSettings.defaults().saveEvery();

    @Option(
            names = {"-t", "--threads"},
            paramLabel = "N",
            defaultValue = "0",
            description = "Threads; 0 takes as many as this process may use (default: ${DEFAULT-VALUE}).")
    private int threads;

    private double lossSum;

    PretrainCommand(Console console) {
        super(console);
    }

    @Override
    public Integer call() throws IOException {
        PretrainingSettings settings =
                new PretrainingSettings(seed, steps, tokensPerStep, learningRate, vocabulary, saveEvery);
        if (!FORMATS.contains(type)) {
            throw new ExcitorException.Unsupported("the type " + type, FORMATS);
        }
        Format format = Formats.of(type);
        OutputFile.check("-o", output, force);
        long start = System.nanoTime();
        Pretraining.Result result = new Pretraining(settings)
                .run(
                        EngineOptions.defaults().withThreads(threads),
                        from,
                        output,
                        format,
                        (step, loss, tokens) -> report(step, loss, tokens, start));
        console()
                .note(String.format(
                        Locale.ROOT,
                        "%s: %d weights, %d tokens; %.4f nats per token on unseen texts, where %.4f is perfect, and"
                                + " %.4f on held-out combinations.",
                        output,
                        result.weights(),
                        result.vocabulary(),
                        result.loss(),
                        result.bound(),
                        result.heldOutLoss()));
        return 0;
    }

    private void report(int step, double loss, long tokens, long start) {
        lossSum += loss;
        if (step % REPORT_EVERY == 0) {
            double seconds = (System.nanoTime() - start) / 1e9;
            console()
                    .note(String.format(
                            Locale.ROOT,
                            "step %d of %d: loss %.4f, %.0f tokens/s, %.0f s left",
                            step,
                            steps,
                            lossSum / REPORT_EVERY,
                            tokens / seconds,
                            seconds / step * (steps - step)));
            lossSum = 0;
        }
    }
}
