package dev.excitor.cli;

import dev.excitor.model.Model;
import dev.excitor.train.task.AnswerTraining;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Locale;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// `excitor teach`: how the adapter that comes with the program was made.
@Command(
        name = "teach",
        description = {
            "Trains a LLaMA-Excitor adapter that answers questions about stories, on the model that comes with the program"
                    + " or another of 'excitor pretrain'. The adapter that comes with the program was made by this command"
                    + " with its defaults.",
            "It is a tool for those who work on Excitor; 'excitor train' trains on data of your own."
        },
        footerHeading = "%nExamples:%n",
        footer = {"  excitor teach -o answers.excitor.gguf", "  excitor evaluate --adapter answers.excitor.gguf"})
final class TeachCommand extends Subcommand {

    private static final int REPORT_EVERY = 20;

    @Mixin
    private ModelOptions modelOptions = new ModelOptions();

    @Option(
            names = {"-o", "--output"},
            paramLabel = "FILE",
            required = true,
            description = "The adapter to write.")
    private Path output = Path.of("");

    @Option(
            names = {"-f", "--force"},
            description = "Replace the file if it is there.")
    private boolean force;

    @Option(
            names = {"-s", "--seed"},
            paramLabel = "N",
            description =
                    "Decides the stories, the adapter's first numbers and the order (default: the shipped adapter's).")
    private long seed = AnswerTraining.defaults().seed();

    @Option(names = "--steps", paramLabel = "N", description = "Updates (default: the shipped adapter's).")
    private int steps = AnswerTraining.defaults().steps();

    @Option(
            names = "--examples",
            paramLabel = "N",
            description = "Stories with a question (default: the shipped adapter's).")
    private int examples = AnswerTraining.defaults().examples();

    @Option(
            names = "--learning-rate",
            paramLabel = "X",
            description = "Peak of the learning rate (default: the shipped adapter's).")
    private float learningRate = AnswerTraining.defaults().learningRate();

    private double lossSum;

    TeachCommand(Console console) {
        super(console);
    }

    @Override
    public Integer call() throws IOException {
        AnswerTraining training = new AnswerTraining(seed, steps, examples, learningRate);
        OutputFile.check("-o", output, force);
        try (Model model = modelOptions.open()) {
            training.run(model, output, made -> {
                lossSum += made.loss();
                if (made.step() % REPORT_EVERY == 0) {
                    console()
                            .note(String.format(
                                    Locale.ROOT,
                                    "update %d of %d: loss %.4f",
                                    made.step(),
                                    made.steps(),
                                    lossSum / REPORT_EVERY));
                    lossSum = 0;
                }
            });
        }
        return 0;
    }
}
