package dev.excitor.cli;

import dev.excitor.model.Generation;
import dev.excitor.model.StopReason;
import java.util.Locale;

/// What a generation took and why it ended, for people.
final class GenerationSummary {

    private GenerationSummary() {}

    /// A few lines, after an empty one that sets them off from the text.
    ///
    /// @param loadNanos time that opening the model took
    static String of(long loadNanos, Generation generation) {
        Generation.Stats stats = generation.stats();
        StringBuilder lines = new StringBuilder();
        lines.append(String.format(Locale.ROOT, "%nload        %.2f s%n", seconds(loadNanos)));
        lines.append("prompt      ").append(rate(stats.promptTokens(), stats.promptNanos()));
        lines.append("generation  ").append(rate(stats.generatedTokens(), stats.generationNanos()));
        generation
                .seed()
                .ifPresent(seed -> lines.append("seed        ").append(seed).append(System.lineSeparator()));
        generation.stopReason().ifPresent(reason -> lines.append("stopped by  ").append(words(reason)));
        return lines.toString();
    }

    private static String rate(int tokens, long nanos) {
        return String.format(
                Locale.ROOT,
                "%d tokens in %.2f s%s%n",
                tokens,
                seconds(nanos),
                tokens == 0 || nanos == 0
                        ? ""
                        : String.format(Locale.ROOT, ", %.2f tokens/s", tokens / seconds(nanos)));
    }

    private static double seconds(long nanos) {
        return nanos * 1e-9;
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
