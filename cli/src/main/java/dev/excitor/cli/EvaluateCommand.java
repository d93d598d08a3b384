package dev.excitor.cli;

import dev.excitor.model.Model;
import dev.excitor.model.Session;
import dev.excitor.model.SessionOptions;
import dev.excitor.model.adapter.Adapter;
import dev.excitor.model.evaluation.Divergence;
import dev.excitor.runtime.ExcitorException;
import dev.excitor.train.task.StoryDivergence;
import dev.excitor.train.task.TaskScore;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// `excitor evaluate`.
@Command(
        name = "evaluate",
        description = {
            "Measures how many questions about made-up stories a model answers, as a whole sentence about what was asked"
                    + " for, and how many of these rightly, also after an example, another question about the same story"
                    + " that was answered so; and with an adapter, how far the adapter moved the model on stories without"
                    + " questions.",
            "The stories are of combinations of people, things and places that are held out from training."
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  excitor evaluate",
            "  excitor evaluate --adapter :answers --seed 1,2 -n 1000 --kinds",
            "  excitor evaluate --adapter mine.excitor.gguf --show 5"
        })
final class EvaluateCommand extends Subcommand {

    @Mixin
    private ModelOptions modelOptions = new ModelOptions();

    @Option(
            names = "--adapter",
            paramLabel = "FILE[:SCALE]",
            converter = AdapterArgument.Converter.class,
            description = "An Excitor adapter, and how strong it is (default: none).")
    private @Nullable AdapterArgument adapter;

    @Option(
            names = {"-n", "--tasks"},
            paramLabel = "N",
            defaultValue = "500",
            description = "Questions, and stories for the divergence, per seed (default: ${DEFAULT-VALUE}).")
    private int tasks;

    @Option(
            names = {"-s", "--seed"},
            paramLabel = "N",
            split = ",",
            defaultValue = "1,2",
            description = "Which stories; one row of results for each (default: ${DEFAULT-VALUE}).")
    private List<Long> seeds = List.of();

    @Option(
            names = "--show",
            paramLabel = "N",
            defaultValue = "0",
            description = "Show so many questions with their replies, per seed (default: ${DEFAULT-VALUE}).")
    private int show;

    @Option(
            names = "--kinds",
            description =
                    "Show how many questions of each kind were answered rightly, with the adapter if there is one.")
    private boolean kinds;

    /// Questions of a kind.
    private static final class Kind {
        int right;
        int asked;
    }

    private final Map<String, Kind> byKind = new TreeMap<>();

    EvaluateCommand(Console console) {
        super(console);
    }

    @Override
    public Integer call() {
        if (tasks < 1) {
            throw new ExcitorException.InvalidOption("-n", "1 or more", tasks);
        }
        SessionOptions with = SessionOptions.defaults();
        if (adapter != null) {
            with = with.adapter(Adapter.open(adapter.path())).scale(adapter.scale());
        }
        try (Model model = modelOptions.open();
                Session base = model.newSession();
                Session changed = model.newSession(with)) {
            console()
                    .println("| seed | questions | base: answered | right | after an example: answered | right"
                            + " | adapter: answered | right | KL to base | perplexity | of base |");
            console().println("|" + " --- |".repeat(11));
            for (long seed : seeds) {
                row(base, changed, seed);
                console().flush();
            }
        }
        if (kinds) {
            byKind.forEach(
                    (name, kind) -> console().println("%s: %d of %d right".formatted(name, kind.right, kind.asked)));
            console().flush();
        }
        return 0;
    }

    private void row(Session base, Session changed, long seed) {
        TaskScore without = score(base, seed, false, adapter == null);
        TaskScore example = score(base, seed, true, false);
        String row = String.format(Locale.ROOT, "| %d | %d |", seed, tasks) + shares(without) + shares(example);
        if (adapter == null) {
            console().println(row + " | | | | |");
            return;
        }
        TaskScore with = score(changed, seed, false, true);
        Divergence divergence = StoryDivergence.of(base, changed, seed, tasks);
        console()
                .println(row
                        + shares(with)
                        + String.format(
                                Locale.ROOT,
                                " %.4f | %.4f | %.4f |",
                                divergence.divergences().mean().value(),
                                divergence.perplexity().value(),
                                divergence.basePerplexity().value()));
    }

    private static String shares(TaskScore score) {
        return String.format(Locale.ROOT, " %.1f %% | %.1f %% |", 100 * score.manner(), 100 * score.accuracy());
    }

    /// @param last whether this is what the command is about, shown and counted by kind
    private TaskScore score(Session session, long seed, boolean example, boolean last) {
        int[] left = {last ? show : 0};
        return TaskScore.of(session, seed, tasks, example, (task, reply) -> {
            if (last) {
                Kind kind = byKind.computeIfAbsent(task.kind(), name -> new Kind());
                kind.asked++;
                kind.right += reply.equals(task.response()) ? 1 : 0;
            }
            if (left[0]-- > 0) {
                console().note("%s %s%n(wanted: %s)%n".formatted(task.prompt(), reply, task.response()));
            }
        });
    }
}
