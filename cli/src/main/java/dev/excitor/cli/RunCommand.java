package dev.excitor.cli;

import dev.excitor.model.Generation;
import dev.excitor.model.GenerationOptions;
import dev.excitor.model.Model;
import dev.excitor.model.Session;
import dev.excitor.model.SessionOptions;
import dev.excitor.model.StopReason;
import dev.excitor.model.tokenizer.EncodeOptions;
import dev.excitor.model.tokenizer.Tokenizer;
import java.io.IOException;
import java.util.Arrays;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// `excitor run`.
@Command(
        name = "run",
        description = {
            "Writes the continuation of a prompt to standard output, piece by piece as it comes, and nothing else there.",
            "How fast it was, the seed and why it ended go to standard error."
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  excitor run -m llama-1b.gguf -p \"Why is the sky blue?\" -n 64",
            "  excitor run -m llama-1b.gguf -f question.txt --temp 0",
            "  excitor run -m llama-1b.gguf --adapter polite.excitor.gguf:0.5 -p Hello",
            "  git diff | excitor run -m llama-1b.gguf -r \"###\" --seed 42 >summary.txt"
        })
final class RunCommand extends Subcommand {

    @Mixin
    private ModelOptions modelOptions = new ModelOptions();

    @Mixin
    private PromptOptions prompt = new PromptOptions();

    @Mixin
    private ContextOptions context = new ContextOptions();

    @Mixin
    private SamplingOptions sampling = new SamplingOptions();

    @Option(
            names = "--display-prompt",
            negatable = true,
            description = "Write the prompt too, before its continuation (default: only the continuation).")
    private boolean displayPrompt;

    @Option(
            names = "--parse-special",
            description = "Read the text of a control token in the prompt, such as <|eot_id|>, as that token and not as"
                    + " text.")
    private boolean parseSpecial;

    RunCommand(Console console) {
        super(console);
    }

    @Override
    public Integer call() throws IOException {
        GenerationOptions generationOptions = sampling.options();
        SessionOptions sessionOptions = context.options();
        byte[] text = prompt.readWithoutLineEnd(console());
        long start = System.nanoTime();
        try (Model model = modelOptions.open();
                Session session = model.newSession(sessionOptions)) {
            int[] tokens = encode(model.tokenizer(), text);
            Generation generation = session.generate(tokens, generationOptions);
            long loadNanos = System.nanoTime() - start;
            return Interruption.stops(generation::cancel, console(), () -> write(text, generation, loadNanos));
        }
    }

    private int write(byte[] text, Generation generation, long loadNanos) {
        if (displayPrompt) {
            console().write(text);
            console().flush();
        }
        generation.forEach(piece -> {
            console().print(piece);
            console().flush();
        });
        console().note(GenerationSummary.of(loadNanos, generation));
        boolean interrupted = generation.stopReason().orElseThrow() == StopReason.CANCELLED;
        return interrupted ? Interruption.EXIT_CODE : 0;
    }

    /// With the token that opens a text, where the vocabulary has one, and without the one that closes it.
    private int[] encode(Tokenizer tokenizer, byte[] text) {
        int[] tokens = tokenizer.encode(text, new EncodeOptions(true, parseSpecial));
        return tokenizer.addsEos() ? Arrays.copyOf(tokens, tokens.length - 1) : tokens;
    }
}
