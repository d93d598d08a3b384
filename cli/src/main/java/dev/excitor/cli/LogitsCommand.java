package dev.excitor.cli;

import dev.excitor.model.Model;
import dev.excitor.model.Session;
import dev.excitor.model.SessionOptions;
import dev.excitor.model.tokenizer.EncodeOptions;
import dev.excitor.model.tokenizer.Tokenizer;
import dev.excitor.runtime.ExcitorException;
import dev.excitor.runtime.format.Blocks;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/// `excitor logits`.
@Command(
        name = "logits",
        description = {
            "Writes the logits of a text as a NumPy file: float32 [tokens, vocabulary], the row of a token before"
                    + " the softmax that predicts the token behind it.",
            "The text is taken exactly as it is, line ends included. In Python: numpy.load(\"out.npy\")."
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  excitor logits -m llama-3.2-1b.Q4_0.gguf -p \"Why is the sky blue?\" -o base.npy",
            "  excitor logits -m llama-3.2-1b.Q4_0.gguf --tokens 128000,10445,374 --adapter polite.gguf -o polite.npy"
        })
final class LogitsCommand extends Subcommand {

    @Mixin
    private ModelOptions model = new ModelOptions();

    @Mixin
    private PromptOptions prompt = new PromptOptions();

    @Option(
            names = "--tokens",
            paramLabel = "N",
            split = ",",
            description = "The text as the numbers of its tokens, instead of -p or -f; nothing is added to them.")
    private int @Nullable [] tokens;

    @Option(names = "--no-bos", description = "Add neither the token that opens a text nor the one that closes it.")
    private boolean noBos;

    @Option(
            names = "--no-parse-special",
            description = "Read the text of a control token, such as <|eot_id|>, as text and not as that token.")
    private boolean noParseSpecial;

    @Mixin
    private ContextOptions context = new ContextOptions();

    @Option(
            names = {"-o", "--output"},
            paramLabel = "FILE",
            required = true,
            description = "The file to write.")
    private Path output = Path.of("");

    @Option(names = "--force", description = "Replace the file if it is there.")
    private boolean force;

    @Spec
    private @Nullable CommandSpec spec;

    LogitsCommand(Console console) {
        super(console);
    }

    @Override
    public Integer call() throws IOException {
        if (tokens != null && prompt.isGiven()) {
            throw new ParameterException(
                    Objects.requireNonNull(spec).commandLine(), "--tokens takes the place of -p and -f: give one");
        }
        SessionOptions options = context.options();
        try (OutputFile file = OutputFile.create("-o", output, force);
                Model opened = model.open();
                Session session = opened.newSession(options)) {
            int[] text = tokens(opened.tokenizer());
            write(session, text, file);
            file.commit();
        }
        return 0;
    }

    private int[] tokens(Tokenizer tokenizer) throws IOException {
        int[] text = tokens != null
                ? tokens
                : tokenizer.encode(prompt.read(console()), new EncodeOptions(!noBos, !noParseSpecial));
        if (text.length == 0) {
            throw new ExcitorException.InvalidOption("the text", "at least one token long", "empty");
        }
        return text;
    }

    private void write(Session session, int[] text, OutputFile file) throws IOException {
        int vocabulary = session.model().dimensions().vocab();
        NpyWriter rows = new NpyWriter(file, text.length, vocabulary);
        Progress progress = new Progress(console(), "writing " + output);
        progress.total(4L * text.length * vocabulary);
        session.forward(text, (row, logits) -> {
            requireFinite(row, logits);
            try {
                rows.row(logits);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
            progress.accept(logits.byteSize());
        });
        progress.finish();
    }

    private static void requireFinite(int row, MemorySegment logits) {
        for (long at = 0; at < logits.byteSize(); at += Float.BYTES) {
            float logit = Blocks.f32(logits, at);
            if (!Float.isFinite(logit)) {
                throw new ExcitorException.NotFinite(
                        "logit %d of row %d".formatted(at / Float.BYTES, row), String.valueOf(logit));
            }
        }
    }
}
