package dev.excitor.cli;

import dev.excitor.loaders.conversion.Conversion;
import dev.excitor.runtime.Tensor;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;

/// What is said on standard error about a model that is written anew: how far the work is, each tensor if so wanted,
/// and what has become of it all.
final class ConversionReport implements Conversion.Listener {

    private final Console console;
    private final List<Conversion.Step> steps;
    private final boolean verbose;
    private final Progress progress;
    private final long bytes;

    /// @param verbose whether each tensor gets a line, with its error
    ConversionReport(Console console, Conversion conversion, Path output, boolean verbose) {
        this.console = console;
        this.steps = conversion.steps();
        this.verbose = verbose;
        this.progress = new Progress(console, "writing " + output);
        this.bytes = conversion.bytes();
        progress.total(bytes);
    }

    @Override
    public void wrote(long more) {
        progress.accept(more);
    }

    @Override
    public void completed(Conversion.Outcome outcome) {
        if (!verbose) {
            return;
        }
        Tensor tensor = outcome.step().tensor();
        String line = String.format(
                Locale.ROOT,
                "%-28s %14s  %-4s",
                tensor.name(),
                tensor.shape(),
                tensor.format().name());
        if (!outcome.step().target().equals(tensor.format())) {
            line += String.format(
                    Locale.ROOT,
                    " -> %-6s  rms error %.3e, %.3f %%",
                    outcome.step().target().name(),
                    outcome.error(),
                    100 * outcome.relative());
        }
        console.note(line.stripTrailing());
    }

    /// The last lines: the time that it took, and the sizes before and after.
    void finish() {
        progress.finish();
        long weights = steps.stream()
                .mapToLong(step -> step.tensor().shape().elements())
                .sum();
        long before = steps.stream()
                .mapToLong(step -> step.tensor().data().byteSize())
                .sum();
        console.note(String.format(
                Locale.ROOT,
                "%s weights in %s instead of %s: %.2f bits each instead of %.2f",
                Sizes.count(weights),
                Sizes.bytes(bytes),
                Sizes.bytes(before),
                8.0 * bytes / Math.max(1, weights),
                8.0 * before / Math.max(1, weights)));
    }
}
