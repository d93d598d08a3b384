package dev.excitor.cli;

import dev.excitor.cli.info.AdapterReport;
import dev.excitor.cli.info.FileReport;
import dev.excitor.cli.info.ModelReport;
import dev.excitor.cli.info.Report;
import dev.excitor.model.Model;
import dev.excitor.model.adapter.Adapter;
import dev.excitor.model.arch.Dimensions;
import dev.excitor.runtime.Engine;
import dev.excitor.runtime.ExcitorException;
import dev.excitor.runtime.checkpoint.Checkpoint;
import dev.excitor.runtime.checkpoint.CheckpointReader;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// `excitor info`.
@Command(
        name = "info",
        description = {
            "Shows what is in a model file: sizes, tokenizer and number formats, the memory that a text needs, and the"
                    + " kernel that each kind of matrix gets on this machine, with the reasons of those that declined. With -ngl it"
                    + " tries the GPU, and says what came of it.",
            "An adapter is shown with its settings and its cost, alone or with the model it shall be used with. A file"
                    + " with a vocabulary and no weights is enough for what it holds."
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  excitor info llama-3.2-1b.Q4_0.gguf",
            "  excitor info llama-3.2-1b.Q4_0.gguf polite.excitor.gguf",
            "  excitor info polite.excitor.gguf --tensors --metadata",
            "  excitor info llama-3.2-1b.Q4_0.gguf --kernel scalar",
            "  excitor info llama-3.2-1b.Q4_0.gguf -ngl 99"
        })
final class InfoCommand extends Subcommand {

    @Parameters(
            index = "0",
            paramLabel = "MODEL",
            converter = GivenFile.Converter.class,
            description = "A model or an adapter, a GGUF file; :story is the model that comes with the program.")
    private Path path = Path.of("");

    @Parameters(
            index = "1",
            arity = "0..1",
            paramLabel = "ADAPTER",
            converter = GivenFile.Converter.class,
            description = "An adapter for the model.")
    private @Nullable Path adapter;

    @Option(names = "--tensors", description = "List every tensor: name, shape, format and bytes.")
    private boolean tensors;

    @Option(names = "--metadata", description = "List every key with its value, long ones cut.")
    private boolean metadata;

    @Mixin
    private ModelOptions.EngineFlags engine = new ModelOptions.EngineFlags();

    InfoCommand(Console console) {
        super(console);
    }

    @Override
    public Integer call() throws IOException {
        Report report = new Report();
        try (Checkpoint file = open(path)) {
            if (isAdapter(file)) {
                if (adapter != null) {
                    throw new ExcitorException.InvalidOption("MODEL", "a model", "the adapter " + path);
                }
                describeAdapter(report, path, file, Optional.empty());
            } else {
                describeModel(report, file);
            }
        }
        console().print(report.text());
        console().flush();
        return 0;
    }

    private static Checkpoint open(Path file) {
        return CheckpointReader.open(file, CheckpointReader.Memory.MAPPED);
    }

    private static boolean isAdapter(Checkpoint file) {
        return file.metadata().findString("general.type").orElse("model").equals("adapter");
    }

    private void describeModel(Report report, Checkpoint file) throws IOException {
        try (Engine computes = Engine.open(engine.options())) {
            Optional<Model> model = Optional.empty();
            String obstacle = "";
            try {
                if (!file.tensors().isEmpty()) {
                    model = Optional.of(Model.open(path, computes, engine.memory()));
                }
            } catch (ExcitorException unusable) {
                obstacle = String.valueOf(unusable.getMessage());
            }
            try {
                describeModel(report, file, model, obstacle);
            } finally {
                model.ifPresent(Model::close);
            }
        }
    }

    /// @param model    absent where the file cannot be run, which is no reason not to show what is in it
    /// @param obstacle why it cannot, empty where it can or is not meant to
    private void describeModel(Report report, Checkpoint file, Optional<Model> model, String obstacle)
            throws IOException {
        ModelReport parts = new ModelReport(report, file);
        parts.describe(model);
        FileReport.formats(report, file);
        if (model.isPresent()) {
            parts.memory(model.get().dimensions());
            parts.gpu(model.get().engine().gpu());
            parts.kernels(model.get());
            parts.leftovers(model.get());
        }
        if (!obstacle.isEmpty()) {
            report.section("It cannot be run").row(obstacle);
        }
        if (adapter != null) {
            try (Checkpoint adapterFile = open(adapter)) {
                describeAdapter(report, adapter, adapterFile, model.map(Model::dimensions));
            }
        }
        lists(report, file);
    }

    private void describeAdapter(Report report, Path from, Checkpoint file, Optional<Dimensions> model)
            throws IOException {
        new AdapterReport(report, file, Adapter.open(from)).describe(model);
        lists(report, file);
    }

    private void lists(Report report, Checkpoint file) {
        if (tensors) {
            FileReport.tensors(report, file);
        }
        if (metadata) {
            FileReport.metadata(report, file);
        }
    }
}
