package dev.excitor.cli;

import dev.excitor.model.Generation;
import dev.excitor.model.StopReason;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/// What a generation took and why it ended, for people.
final class GenerationSummary {

    private GenerationSummary() {}

    /// A few lines, after an empty one that sets them off from the text.
    ///
    /// @param loadNanos time that opening the model took
    static String of(long loadNanos, Generation generation) {
        Generation.Stats stats = generation.stats();
        List<String> lines = new ArrayList<>();
        lines.add("");
        lines.add("load        " + seconds(loadNanos));
        lines.add("prompt      " + prompt(stats));
        lines.add("generation  " + speed(stats.generatedTokens(), stats.generationNanos()));
        generation.seed().ifPresent(seed -> lines.add("seed        " + seed));
        generation.stopReason().ifPresent(reason -> lines.add("stopped by  " + words(reason)));
        return String.join(System.lineSeparator(), lines);
    }

    private static String prompt(Generation.Stats stats) {
        return stats.promptNanos() == 0
                ? stats.promptTokens() + " tokens, not read to their end"
                : speed(stats.promptTokens(), stats.promptNanos());
    }

    private static String speed(int tokens, long nanos) {
        return tokens == 0
                ? "0 tokens"
                : String.format(
                        Locale.ROOT, "%d tokens in %s, %.2f tokens/s", tokens, seconds(nanos), tokens * 1e9 / nanos);
    }

    private static String seconds(long nanos) {
        return String.format(Locale.ROOT, "%.2f s", nanos * 1e-9);
    }

    private static String words(StopReason reason) {
        return switch (reason) {
            case END_OF_GENERATION -> "the model, which says that it is done";
            case MAX_TOKENS -> "-n, the number of tokens asked for";
            case STOP_STRING -> "-r, a text that ends the generation";
            case CONTEXT_FULL -> "the context, which is full (-c)";
            case CANCELLED -> "interruption";
        };
    }
}
