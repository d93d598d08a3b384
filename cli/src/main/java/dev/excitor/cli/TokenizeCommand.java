package dev.excitor.cli;

import dev.excitor.model.tokenizer.DecodeOptions;
import dev.excitor.model.tokenizer.EncodeOptions;
import dev.excitor.model.tokenizer.Tokenizer;
import dev.excitor.models.Shipped;
import dev.excitor.runtime.checkpoint.Checkpoint;
import dev.excitor.runtime.checkpoint.CheckpointReader;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// `excitor tokenize`.
@Command(
        name = "tokenize",
        description = {
            "Shows a text as tokens: one to a line, its number and its text.",
            "A file with a vocabulary and no weights is enough. The text is taken exactly as it is, line ends included."
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  excitor tokenize -m llama-3.2-1b.Q4_0.gguf -p \"Hello, world\"",
            "  excitor tokenize -m vocabulary.gguf -f text.txt --ids --no-bos"
        })
final class TokenizeCommand extends Subcommand {

    @Option(
            names = {"-m", "--model"},
            paramLabel = "FILE",
            converter = GivenFile.Converter.class,
            description = "The GGUF file with the vocabulary (default: the one that comes with the program, :story).")
    private @Nullable Path model;

    @Mixin
    private PromptOptions prompt = new PromptOptions();

    @Option(names = "--ids", description = "Print the numbers alone, on one line: [1, 2, 3].")
    private boolean ids;

    @Option(names = "--no-bos", description = "Add neither the token that opens a text nor the one that closes it.")
    private boolean noBos;

    @Option(
            names = "--no-parse-special",
            description = "Read the text of a control token, such as <|eot_id|>, as text and not as that token.")
    private boolean noParseSpecial;

    TokenizeCommand(Console console) {
        super(console);
    }

    @Override
    public Integer call() throws IOException {
        Tokenizer tokenizer;
        Path vocabulary = model == null ? Shipped.STORY.file() : model;
        try (Checkpoint checkpoint = CheckpointReader.open(vocabulary, CheckpointReader.Memory.MAPPED)) {
            tokenizer = Tokenizer.of(checkpoint.metadata());
        }
        int[] tokens = tokenizer.encode(prompt.read(console()), new EncodeOptions(!noBos, !noParseSpecial));
        if (ids) {
            console().println(Arrays.toString(tokens));
        } else {
            DecodeOptions asText = new DecodeOptions(true, false);
            for (int token : tokens) {
                String text = tokenizer.decode(new int[] {token}, asText);
                console()
                        .println("%6d -> '%s'"
                                .formatted(token, text.replace("\n", "\\n").replace("\r", "\\r")));
            }
        }
        console().flush();
        if (verbose()) {
            console().note(tokenizer.description() + ": " + tokens.length + " tokens");
        }
        return 0;
    }
}
