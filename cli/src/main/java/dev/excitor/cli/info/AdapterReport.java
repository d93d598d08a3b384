package dev.excitor.cli.info;

import dev.excitor.cli.Sizes;
import dev.excitor.model.adapter.Adapter;
import dev.excitor.model.adapter.ExcitorConfig;
import dev.excitor.model.adapter.Strategy;
import dev.excitor.model.arch.Dimensions;
import dev.excitor.runtime.ExcitorException;
import dev.excitor.runtime.checkpoint.Checkpoint;
import dev.excitor.runtime.kv.KvLayout;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/// What an adapter file holds, whom it fits, and what it costs.
public final class AdapterReport {

    private static final String PREFIX = "adapter.excitor.";
    private static final int PER_TOKENS = 1000;

    private final Report report;
    private final Checkpoint file;
    private final Adapter adapter;
    private final ExcitorConfig config;

    /// @param file    the adapter's file
    /// @param adapter what was read from it
    public AdapterReport(Report report, Checkpoint file, Adapter adapter) {
        this.report = report;
        this.file = file;
        this.adapter = adapter;
        this.config = adapter.config();
    }

    /// All there is to say.
    ///
    /// @param model the model it shall be used with, if there is one
    public void describe(Optional<Dimensions> model) throws IOException {
        report.section(FileReport.title(file));
        report.row("kind", "LLaMA-Excitor adapter");
        report.row("parameters", FileReport.parameters(file));
        ExcitorConfig.Base base = config.base();
        report.row(
                "made for",
                "%d layers, width %d, %d heads, %d key/value heads, head size %d"
                        .formatted(base.layers(), base.width(), base.heads(), base.kvHeads(), base.keyDim()));
        if (file.metadata().has(PREFIX + "base.hash")) {
            report.row("base's hash", file.metadata().describe(PREFIX + "base.hash") + ", not checked");
        }
        model.ifPresent(dims -> report.row("fits the model", fit(dims)));
        settings();
        strategies();
    }

    private String fit(Dimensions model) {
        try {
            adapter.checkFits(model);
            return "yes";
        } catch (ExcitorException misfit) {
            return "no: " + misfit.getMessage();
        }
    }

    private void settings() {
        report.section("Settings of the adapter");
        report.row(
                "layers",
                ranges(config.layers()),
                "%d of %d".formatted(config.layers().size(), config.base().layers()));
        report.row("prompt_length", config.promptLength(), "K, prompts of a layer");
        report.row("rank", config.rank(), "r");
        setting("query_rope", config.queryRope());
        setting("extra_key_rope", config.extraKeyRope());
        setting("inner_heads", config.innerHeads());
        report.row(
                "inner_scale",
                config.effectiveInnerScale(),
                config.innerScale().isPresent() ? "" : "automatic: 1/sqrt of an inner head's size");
        setting("gate_shape", config.gateShape());
        setting("gate_activation", config.gateActivation());
        setting("input", config.input());
        report.row(
                "width",
                lower(config.width()),
                "E = %d%s".formatted(config.extraWidth(), isStated("width") ? "" : ", the default"));
        setting("rope_layout", config.ropeLayout());
        String template = PREFIX + "prompt_template";
        report.row(
                "prompt_template",
                file.metadata().has(template) ? file.metadata().describe(template) : "none",
                file.metadata().has(template) ? "" : "the file does not say");
    }

    private void setting(String name, Enum<?> value) {
        report.row(name, lower(value), isStated(name) ? "" : "the default");
    }

    private boolean isStated(String name) {
        return file.metadata().has(PREFIX + name);
    }

    private void strategies() {
        report.section("Strategies, and memory for 1,000 tokens beside the keys and values");
        Strategy chosen = Strategy.exactFor(config).getFirst();
        for (Strategy strategy : Strategy.values()) {
            String verdict = strategy.obstacle(config)
                    .map(reason -> "not exact: " + reason)
                    .orElse(strategy == chosen ? "exact, and chosen as the cheapest that is" : "exact");
            report.row(lower(strategy), Sizes.bytes(PER_TOKENS * bytesPerToken(strategy)), verdict);
        }
    }

    /// What a strategy adds to the cache, for each token.
    private long bytesPerToken(Strategy strategy) {
        ExcitorConfig.Base base = config.base();
        KvLayout without = new KvLayout(base.layers(), base.kvHeads(), base.keyDim(), base.keyDim(), KvLayout.Type.F32);
        KvLayout.Extra extra = strategy.extra(config);
        KvLayout with =
                new KvLayout(base.layers(), base.kvHeads(), base.keyDim(), base.keyDim(), KvLayout.Type.F32, extra);
        return with.bytesPerPosition() - without.bytesPerPosition();
    }

    private static String lower(Enum<?> value) {
        return value.name().toLowerCase(Locale.ROOT);
    }

    /// `2-31` for thirty numbers, `1, 3-5` for four.
    private static String ranges(List<Integer> ascending) {
        List<String> parts = new ArrayList<>();
        int first = 0;
        for (int i = 1; i <= ascending.size(); i++) {
            if (i == ascending.size() || ascending.get(i) != ascending.get(i - 1) + 1) {
                int from = ascending.get(first);
                int to = ascending.get(i - 1);
                parts.add(from == to ? "" + from : from + "-" + to);
                first = i;
            }
        }
        return String.join(", ", parts);
    }
}
