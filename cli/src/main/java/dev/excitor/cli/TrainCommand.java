package dev.excitor.cli;

import dev.excitor.cli.train.Artifacts;
import dev.excitor.cli.train.TrainingReport;
import dev.excitor.cli.train.TrainingRun;
import dev.excitor.model.Model;
import dev.excitor.model.chat.ChatTemplates;
import dev.excitor.runtime.ExcitorException;
import dev.excitor.train.ExcitorTrainer;
import dev.excitor.train.TrainingOptions;
import dev.excitor.train.data.DataOptions;
import dev.excitor.train.data.TrainingData;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// `excitor train`.
@Command(
        name = "train",
        description = {
            "Trains a LLaMA-Excitor adapter on a model whose weights stay as they are, quantized or not.",
            "The data are instructions, {\"instruction\": ..., \"input\": ..., \"output\": ...}, or conversations,"
                    + " {\"messages\": [{\"role\": ..., \"content\": ...}, ...]}, one JSON object a line or one array;"
                    + " answers are what is learned.",
            "Beside OUT.gguf come OUT.metrics.jsonl, OUT.loss.png and OUT.report.png, and while it runs"
                    + " OUT.checkpoint.gguf, from which --resume goes on to the very same numbers."
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  excitor train --base llama-3.2-1b.Q4_0.gguf --data polite.jsonl -o polite.gguf",
            "  excitor train --base llama-3.2-1b.Q4_0.gguf --data polite.jsonl -o polite.gguf --resume",
            "  excitor train --base llama-1b.gguf --data alpaca.json -o a.gguf --general wiki.txt --eval-every 50"
        })
final class TrainCommand extends Subcommand {

    private static final String DEFAULT = " (default: ${DEFAULT-VALUE}).";

    @Option(
            names = {"--base", "-m", "--model"},
            paramLabel = "MODEL",
            required = true,
            description = "The model, a GGUF file; it is not changed.")
    private Path base = Path.of("");

    @Option(names = "--data", paramLabel = "FILE", required = true, description = "What to learn, JSON or JSONL.")
    private Path data = Path.of("");

    @Option(
            names = {"-o", "--output"},
            paramLabel = "OUT.gguf",
            required = true,
            description = "The adapter.")
    private Path output = Path.of("");

    @Option(
            names = "--template",
            paramLabel = "NAME",
            defaultValue = "alpaca",
            description = "Chat template of the prompts: llama2, llama3, chatml, alpaca or vicuna" + DEFAULT)
    private String template = "alpaca";

    @Option(
            names = "--validation",
            paramLabel = "F",
            defaultValue = "0.05",
            description = "Share of the examples that are measured and not learned; 0 for none" + DEFAULT)
    private double validation;

    @Option(names = "--skip-bad", description = "Count records that cannot be used and leave them out.")
    private boolean skipBad;

    @Option(
            names = "--checkpoint-every",
            paramLabel = "N",
            defaultValue = "20",
            description = "Updates between two checkpoints" + DEFAULT)
    private int checkpointEvery;

    @Option(names = "--resume", description = "Go on from OUT.checkpoint.gguf, with the same options and data.")
    private boolean resume;

    @Option(
            names = "--general",
            paramLabel = "FILE",
            description =
                    "A text about anything, to measure on it how far the adapter moved the model (KL divergence).")
    private @Nullable Path general;

    @Option(names = "--force", description = "Replace files that are there.")
    private boolean force;

    @Mixin
    private AdapterOptions adapter = new AdapterOptions();

    @Mixin
    private RecipeOptions recipe = new RecipeOptions();

    @Mixin
    private ModelOptions.EngineFlags engine = new ModelOptions.EngineFlags();

    TrainCommand(Console console) {
        super(console);
    }

    @Override
    public Integer call() throws IOException {
        TrainingOptions options = recipe.options();
        if (checkpointEvery < 1) {
            throw new ExcitorException.InvalidOption("--checkpoint-every", "at least 1", checkpointEvery);
        }
        Artifacts artifacts = Artifacts.of(output);
        artifacts.check(force || resume, resume);
        byte @Nullable [] text = general == null ? null : Files.readAllBytes(general);
        try (Model model = Model.open(base, engine.options(), engine.memory())) {
            DataOptions wanted = new DataOptions(
                    model.tokenizer(),
                    ChatTemplates.of(template),
                    options.length(),
                    skipBad,
                    validation,
                    options.seed());
            TrainingData records = TrainingData.read(data, wanted);
            noteData(records);
            try (ExcitorTrainer trainer =
                    new ExcitorTrainer(model, adapter.settings(), options, Optional.of(template))) {
                TrainingRun run =
                        new TrainingRun(trainer, records, artifacts, checkpointEvery, resume, console()::note);
                return Interruption.stops(
                        () -> interrupt(run), console(), () -> finish(run, model, trainer, artifacts, text));
            }
        }
    }

    private int finish(
            TrainingRun run, Model model, ExcitorTrainer trainer, Artifacts artifacts, byte @Nullable [] text) {
        try {
            if (!run.train()) {
                return Interruption.EXIT_CODE;
            }
            trainer.write(output);
            TrainingReport report = TrainingReport.of(model, trainer, run, output, Optional.ofNullable(text));
            console().print(report.text());
            console().flush();
            report.charts(artifacts, run, console()::note);
            run.end();
            return 0;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// On another thread: saves while the update in progress is being given up.
    private void interrupt(TrainingRun run) {
        try {
            run.interrupt();
        } catch (IOException e) {
            console().note("excitor: the checkpoint could not be written: " + e.getMessage());
        }
    }

    private void noteData(TrainingData records) {
        console()
                .note("%d examples to learn, %d to measure%s"
                        .formatted(
                                records.examples().size(),
                                records.validation().size(),
                                records.cut() == 0 ? "" : ", %d cut to --length".formatted(records.cut())));
        if (records.badCount() > 0) {
            console().note("%d records were left out:".formatted(records.badCount()));
            records.bad().forEach(reason -> console().note("  " + reason));
        }
    }
}
