package dev.excitor.cli;

import dev.excitor.cli.synth.AdapterSynthesizer;
import dev.excitor.cli.synth.ModelShape;
import dev.excitor.cli.synth.Synthesizer;
import dev.excitor.loaders.conversion.FileType;
import dev.excitor.runtime.ExcitorException;
import dev.excitor.runtime.checkpoint.Checkpoint;
import dev.excitor.runtime.checkpoint.CheckpointReader;
import java.io.IOException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/// `excitor synth`.
@Command(
        name = "synth",
        description = {
            "Writes a GGUF model of random weights in a given shape, or an adapter of random weights for a model, for"
                    + " benchmarks where nothing can be downloaded.",
            "They compute exactly what real ones would, at the same speed, and write nonsense."
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  excitor synth --shape llama-3.2-1b --type Q4_0 -o llama-1b.gguf",
            "  excitor synth --layers 4 --width 256 --heads 8 --kv-heads 4 --ffn 768 --type Q4_K_M -o small.gguf",
            "  excitor synth --adapter-for llama-1b.gguf -o random.excitor.gguf"
        })
final class SynthCommand extends Subcommand {

    /// Prompts or rank of an adapter that readers accept.
    private static final int MOST = 1 << 14;

    @Option(
            names = "--shape",
            paramLabel = "NAME",
            description = "The model to imitate: llama-3.2-1b, tinyllama-1.1b, llama-2-7b or llama-3-8b. Without it"
                    + " --layers, --width, --heads and --ffn are needed; with it they replace its own.")
    private @Nullable String shape;

    @Option(
            names = "--type",
            paramLabel = "TYPE",
            defaultValue = "Q4_0",
            description =
                    "The file type, a mix of formats as llama.cpp makes it: F32, F16, BF16, Q4_0, Q4_1, Q5_0, Q5_1,"
                            + " Q8_0, Q2_K, Q3_K_S, Q3_K_M, Q3_K_L, Q4_K_S, Q4_K_M, Q5_K_S, Q5_K_M, Q6_K, IQ4_NL or IQ4_XS"
                            + " (default: ${DEFAULT-VALUE}).")
    private String type = "Q4_0";

    @Option(names = "--pure", description = "Give every matrix the base format of the type.")
    private boolean pure;

    @Option(
            names = {"-o", "--output"},
            paramLabel = "FILE",
            required = true,
            description = "The file to write.")
    private Path output = Path.of("");

    @Option(
            names = {"-f", "--force"},
            description = "Replace the file if it is there.")
    private boolean force;

    @Option(
            names = "--vocab",
            paramLabel = "FILE",
            description = "A GGUF file whose vocabulary is copied. Without it one of syllables is made up.")
    private @Nullable Path vocabulary;

    @Option(
            names = {"-s", "--seed"},
            paramLabel = "N",
            defaultValue = "1",
            description = "The same seed gives the same file (default: ${DEFAULT-VALUE}).")
    private long seed;

    @Option(names = "--layers", paramLabel = "N", description = "Blocks.")
    private @Nullable Integer layers;

    @Option(names = "--width", paramLabel = "N", description = "Numbers in a hidden state.")
    private @Nullable Integer width;

    @Option(names = "--heads", paramLabel = "N", description = "Query heads.")
    private @Nullable Integer heads;

    @Option(names = "--kv-heads", paramLabel = "N", description = "Key/value heads (default: as many as query heads).")
    private @Nullable Integer kvHeads;

    @Option(names = "--head-size", paramLabel = "N", description = "Numbers in a head (default: width / heads).")
    private @Nullable Integer headSize;

    @Option(names = "--ffn", paramLabel = "N", description = "Width of the feed-forward block.")
    private @Nullable Integer ffn;

    @Option(names = "--vocab-size", paramLabel = "N", description = "Tokens (default: 32000, or what --vocab has).")
    private @Nullable Integer vocabularySize;

    @Option(names = "--context", paramLabel = "N", description = "The context it claims (default: 4096).")
    private @Nullable Integer context;

    @Option(names = "--rope-base", paramLabel = "X", description = "Base of the rotary frequencies (default: 10000).")
    private @Nullable Float ropeBase;

    @Option(names = "--tied", negatable = true, description = "Whether the embedding is also the output matrix.")
    private @Nullable Boolean tied;

    @Option(
            names = "--adapter-for",
            paramLabel = "MODEL",
            description = "Write an Excitor adapter for this model, in all layers but the lowest two; of the other"
                    + " options it takes -o, --force, --seed, --prompts and --rank.")
    private @Nullable Path base;

    @Option(
            names = "--prompts",
            paramLabel = "N",
            defaultValue = "30",
            description = "Learned prompts of each layer of an adapter (default: ${DEFAULT-VALUE}).")
    private int prompts = 30;

    @Option(
            names = "--rank",
            paramLabel = "N",
            defaultValue = "16",
            description = "Rank of the projections of an adapter (default: ${DEFAULT-VALUE}).")
    private int rank = 16;

    SynthCommand(Console console) {
        super(console);
    }

    @Override
    public Integer call() throws IOException {
        return base == null ? model() : adapter(base);
    }

    private int adapter(Path model) throws IOException {
        if (shape != null || layers != null || width != null) {
            throw new ExcitorException.InvalidOption("--adapter-for", "given without a shape", model);
        }
        requirePositive("--prompts", prompts);
        requirePositive("--rank", rank);
        OutputFile.check("-o", output, force);
        new AdapterSynthesizer(prompts, rank, seed).write(model, output);
        return 0;
    }

    private static void requirePositive(String option, int value) {
        if (value < 1 || value > MOST) {
            throw new ExcitorException.InvalidOption(option, "a number from 1 to " + MOST, value);
        }
    }

    private int model() throws IOException {
        ModelShape wanted = shape();
        FileType types = FileType.of(type);
        OutputFile.check("-o", output, force);
        Progress progress = new Progress(console(), "writing " + output);
        new Synthesizer(wanted, types, pure, seed).write(output, vocabulary, progress::total, progress);
        progress.finish();
        if (verbose()) {
            console()
                    .note("%s: %s weights, %s%s"
                            .formatted(wanted.name(), Sizes.count(wanted.parameters()), types, pure ? ", pure" : ""));
        }
        return 0;
    }

    private ModelShape shape() {
        ModelShape base = shape == null ? explicit() : ModelShape.of(shape);
        int tokens = vocabularySize == null ? base.vocabulary() : vocabularySize;
        if (vocabulary != null) {
            int found = tokensOf(vocabulary);
            if (vocabularySize != null && found != tokens) {
                throw new ExcitorException.InvalidOption("--vocab-size", "the " + found + " of " + vocabulary, tokens);
            }
            tokens = found;
        }
        int head = headSize == null && (width != null || heads != null) && shape != null
                ? or(width, base.width()) / or(heads, base.heads())
                : or(headSize, base.headSize());
        return new ModelShape(
                base.name(),
                or(layers, base.layers()),
                or(width, base.width()),
                or(heads, base.heads()),
                or(kvHeads, base.kvHeads()),
                head,
                or(ffn, base.ffn()),
                tokens,
                or(context, base.context()),
                ropeBase == null ? base.ropeBase() : ropeBase,
                base.ropeFactor(),
                tied == null ? base.tied() : tied);
    }

    private ModelShape explicit() {
        int explicitWidth = needed("--width", width);
        int explicitHeads = needed("--heads", heads);
        int head = headSize == null && explicitHeads > 0 ? explicitWidth / explicitHeads : or(headSize, 0);
        return new ModelShape(
                "llama",
                needed("--layers", layers),
                explicitWidth,
                explicitHeads,
                or(kvHeads, explicitHeads),
                head,
                needed("--ffn", ffn),
                or(vocabularySize, 32_000),
                or(context, 4096),
                10_000,
                1,
                tied != null && tied);
    }

    private static int or(@Nullable Integer given, int otherwise) {
        return given == null ? otherwise : given;
    }

    private static int needed(String option, @Nullable Integer given) {
        if (given == null) {
            throw new ExcitorException.InvalidOption(option, "given where --shape is not", "absent");
        }
        return given;
    }

    private static int tokensOf(Path file) {
        try (Checkpoint checkpoint = CheckpointReader.open(file, CheckpointReader.Memory.MAPPED)) {
            return checkpoint
                    .metadata()
                    .findBytes("tokenizer.ggml.tokens")
                    .orElseThrow(() -> new ExcitorException.Mismatch(
                            file.toString(), "a vocabulary (tokenizer.ggml.tokens)", "none"))
                    .size();
        }
    }
}
