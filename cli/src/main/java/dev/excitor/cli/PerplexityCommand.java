package dev.excitor.cli;

import dev.excitor.model.Model;
import dev.excitor.model.Session;
import dev.excitor.model.SessionOptions;
import dev.excitor.model.evaluation.BaselineReader;
import dev.excitor.model.evaluation.BaselineWriter;
import dev.excitor.model.evaluation.ChunkScorer;
import dev.excitor.model.evaluation.Chunks;
import dev.excitor.model.tokenizer.EncodeOptions;
import dev.excitor.model.tokenizer.Tokenizer;
import dev.excitor.model.tokenizer.Vocabulary;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.IDefaultValueProvider;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Option;

/// `excitor perplexity`.
@Command(
        name = "perplexity",
        description = {
            "Measures how well a model predicts a text, as llama.cpp does: the text is cut into chunks of -c tokens, each"
                    + " is read by itself, and the tokens of its second half are scored.",
            "With --kl-base and --kl-against it measures how far one model is from another: a quantized one from the"
                    + " original, or one with an adapter from the one without."
        },
        defaultValueProvider = PerplexityCommand.ChunkSize.class,
        footerHeading = "%nExamples:%n",
        footer = {
            "  excitor perplexity -m llama-3.2-1b.Q4_0.gguf -f wiki.test.raw",
            "  excitor perplexity -m llama-3.2-1b.F16.gguf -f wiki.test.raw --kl-base f16.kl",
            "  excitor perplexity -m llama-3.2-1b.Q4_0.gguf -f wiki.test.raw --kl-against f16.kl",
            "  excitor perplexity -m llama-3.2-1b.Q4_0.gguf --adapter polite.gguf -f wiki.test.raw --chunks 20"
        })
final class PerplexityCommand extends Subcommand {

    private static final int PATIENCE_SECONDS = 10;

    /// The size of chunks for which perplexities are usually given.
    static final class ChunkSize implements IDefaultValueProvider {
        @Override
        public @Nullable String defaultValue(ArgSpec argument) {
            return argument instanceof OptionSpec option
                            && List.of(option.names()).contains("-c")
                    ? "512"
                    : null;
        }
    }

    /// Saving or comparing.
    private static final class Baseline {
        @Option(
                names = "--kl-base",
                paramLabel = "OUT",
                description = "Save what this model expects at every scored token, for --kl-against: two bytes for each"
                        + " token of the vocabulary.")
        private @Nullable Path save;

        @Option(
                names = "--kl-against",
                paramLabel = "FILE",
                description = "Compare with what another model expected, saved by --kl-base on the same text.")
        private @Nullable Path compare;
    }

    @Mixin
    private ModelOptions model = new ModelOptions();

    @Mixin
    private PromptOptions prompt = new PromptOptions();

    @Mixin
    private ContextOptions context = new ContextOptions();

    @Option(
            names = "--chunks",
            paramLabel = "N",
            defaultValue = "-1",
            description = "Most chunks to measure; -1 for all (default: ${DEFAULT-VALUE}).")
    private int limit;

    @ArgGroup
    private Baseline baseline = new Baseline();

    @Option(names = "--force", description = "Replace the file of --kl-base if it is there.")
    private boolean force;

    PerplexityCommand(Console console) {
        super(console);
    }

    @Override
    public Integer call() throws IOException {
        SessionOptions options = context.options();
        String result;
        if (baseline.save != null) {
            try (OutputFile file = OutputFile.create("--kl-base", baseline.save, force)) {
                result = measure(options, new PerplexityMeasurement(file));
                file.commit();
            }
        } else if (baseline.compare != null) {
            try (BaselineReader base = BaselineReader.open(baseline.compare)) {
                result = measure(options, new DivergenceMeasurement(base));
            }
        } else {
            result = measure(options, new PerplexityMeasurement(null));
        }
        console().print(result);
        console().flush();
        return 0;
    }

    private String measure(SessionOptions options, Measurement measurement) throws IOException {
        byte[] text = prompt.readWithoutLineEnd(console());
        try (Model opened = model.open()) {
            int trained = opened.dimensions().context();
            int size = options.context() == 0 ? trained : options.context();
            if (size > trained) {
                console()
                        .note("chunks of %d tokens are longer than the %d the model was made for"
                                .formatted(size, trained));
            }
            Chunks all = chunks(opened.tokenizer(), text, size);
            Chunks chunks = all.first(measurement.mostChunks());
            measurement.begin(chunks, opened.dimensions().vocab());
            if (chunks.count() < all.count()) {
                console()
                        .note("the text has %s, the baseline %s: the rest is left out"
                                .formatted(count(all.count()), count(chunks.count())));
            }
            if (baseline.save != null) {
                long bytes = BaselineWriter.bytes(chunks, opened.dimensions().vocab());
                console().note("%s will have %s".formatted(baseline.save, Sizes.bytes(bytes)));
            }
            try (Session session = opened.newSession(options.context(size))) {
                run(new ChunkScorer(session), chunks, measurement);
            }
        }
        return measurement.result();
    }

    private Chunks chunks(Tokenizer tokenizer, byte[] text, int size) {
        int[] tokens = tokenizer.encode(text, EncodeOptions.PROMPT);
        return Chunks.of(
                tokens, size, tokenizer.addsBos() ? tokenizer.vocabulary().bos() : Vocabulary.NONE, limit);
    }

    private static String count(int chunks) {
        return chunks + (chunks == 1 ? " chunk" : " chunks");
    }

    private void run(ChunkScorer scorer, Chunks chunks, Measurement measurement) {
        console()
                .note("%s of %d tokens, %d of each scored"
                        .formatted(count(chunks.count()), chunks.size(), chunks.scored()));
        long start = System.nanoTime();
        String shown = "";
        try {
            for (int index = 0; index < chunks.count(); index++) {
                scorer.score(chunks.chunk(index), measurement);
                if (index == 0) {
                    noteTime(System.nanoTime() - start, chunks.count());
                }
                shown = measurement.soFar(index + 1);
                console().err().print(shown);
                console().err().flush();
            }
        } finally {
            if (!shown.isEmpty() && !shown.endsWith("\n")) {
                console().err().println();
            }
        }
    }

    /// Says how long it will take, where that is worth saying.
    private void noteTime(long nanosPerChunk, int count) {
        double seconds = nanosPerChunk * 1e-9;
        if (seconds * count > PATIENCE_SECONDS) {
            console()
                    .note(String.format(
                            Locale.ROOT,
                            "%.1f s for a chunk, about %.1f minutes for all",
                            seconds,
                            seconds * count / 60));
        }
    }
}
