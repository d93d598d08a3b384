package dev.excitor.cli;

import dev.excitor.model.SessionOptions;
import dev.excitor.model.adapter.Adapter;
import dev.excitor.model.adapter.Strategy;
import dev.excitor.runtime.ExcitorException;
import dev.excitor.runtime.kv.KvLayout;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/// What a session remembers with, and which adapter it runs.
final class ContextOptions {

    @Option(
            names = {"-c", "--ctx-size"},
            paramLabel = "N",
            defaultValue = "0",
            description = "Most tokens of a text; 0 for as many as the model was made for (default: ${DEFAULT-VALUE})."
                    + " Memory is taken as they come.")
    private int context;

    @Option(
            names = {"-b", "--batch-size"},
            paramLabel = "N",
            defaultValue = "2048",
            description = "Most tokens of a prompt handed over at once (default: ${DEFAULT-VALUE}).")
    private int batch;

    @Option(
            names = {"-ub", "--ubatch-size"},
            paramLabel = "N",
            defaultValue = "512",
            description = "Most of these that go through the model together (default: ${DEFAULT-VALUE}).")
    private int microBatch;

    @Option(
            names = {"-ctk", "--cache-type-k"},
            paramLabel = "TYPE",
            description = "How keys are kept: ${COMPLETION-CANDIDATES} (default: f32).")
    private KvLayout.@Nullable Type keys;

    @Option(
            names = {"-ctv", "--cache-type-v"},
            paramLabel = "TYPE",
            description = "How values are kept; the same type as the keys.")
    private KvLayout.@Nullable Type values;

    @Option(
            names = "--adapter",
            paramLabel = "FILE[:SCALE]",
            converter = AdapterArgument.Converter.class,
            description = "An Excitor adapter, and how strong it is: 1 as trained, 0 not at all (default: 1).")
    private @Nullable AdapterArgument adapter;

    @Option(
            names = "--adapter-strategy",
            paramLabel = "NAME",
            description = "How its extra keys reach the scores: ${COMPLETION-CANDIDATES} (default: the cheapest that"
                    + " is exact for it).")
    private @Nullable Strategy strategy;

    /// Reads the adapter, if there is one, and checks every number.
    SessionOptions options() {
        SessionOptions options =
                SessionOptions.defaults().context(context).batch(batch()).cache(cache());
        if (adapter != null) {
            options = options.adapter(Adapter.open(adapter.path())).scale(adapter.scale());
        }
        return strategy == null ? options : options.strategy(strategy);
    }

    Optional<AdapterArgument> adapter() {
        return Optional.ofNullable(adapter);
    }

    private int batch() {
        if (batch < 1) {
            throw new ExcitorException.InvalidOption("-b", "1 or more", batch);
        }
        if (microBatch < 1) {
            throw new ExcitorException.InvalidOption("-ub", "1 or more", microBatch);
        }
        return Math.min(batch, microBatch);
    }

    private KvLayout.Type cache() {
        if (keys != null && values != null && keys != values) {
            throw new ExcitorException.InvalidOption(
                    "-ctv", "the type of -ctk, since keys and values are kept alike", values);
        }
        if (keys != null) {
            return keys;
        }
        return values == null ? KvLayout.Type.F32 : values;
    }
}
