package dev.excitor.cli;

import dev.excitor.model.Model;
import dev.excitor.model.Session;
import dev.excitor.model.adapter.Adapter;
import dev.excitor.model.tokenizer.EncodeOptions;
import dev.excitor.models.Shipped;
import dev.excitor.runtime.ExcitorException;
import dev.excitor.runtime.checkpoint.CheckpointReader;
import dev.excitor.train.corpus.Split;
import dev.excitor.train.corpus.StoryCorpus;
import dev.excitor.train.task.AttentionMoved;
import dev.excitor.train.task.TaskScore;
import java.nio.file.Path;
import java.util.Locale;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// `excitor demo`.
@Command(
        name = "demo",
        description = {
            "Asks the model that comes with the program the same questions without and with the adapter that comes with"
                    + " it, and shows both replies and how much of the model's attention the adapter moved.",
            "The stories are made up anew for each seed, of combinations held out from training; replies are the"
                    + " likeliest ones, right or wrong."
        },
        footerHeading = "%nExamples:%n",
        footer = {"  excitor demo", "  excitor demo --seed 7 -n 10"})
final class DemoCommand extends Subcommand {

    private static final int COLUMNS = 100;
    private static final int BAR = 40;

    @Mixin
    private ModelOptions.EngineFlags engine = new ModelOptions.EngineFlags();

    @Option(
            names = {"-n", "--tasks"},
            paramLabel = "N",
            defaultValue = "6",
            description = "Stories (default: ${DEFAULT-VALUE}).")
    private int tasks;

    @Option(
            names = {"-s", "--seed"},
            paramLabel = "N",
            defaultValue = "2",
            description = "Which stories (default: ${DEFAULT-VALUE}).")
    private long seed;

    DemoCommand(Console console) {
        super(console);
    }

    @Override
    public Integer call() {
        if (tasks < 1) {
            throw new ExcitorException.InvalidOption("-n", "1 or more", tasks);
        }
        StoryCorpus corpus = new StoryCorpus(seed, Split.HELD_OUT);
        Path adapter = Shipped.ANSWERS.file();
        int rightWithout = 0;
        int rightWith = 0;
        try (Model model = Model.open(Shipped.STORY.file(), engine.options(), CheckpointReader.Memory.MAPPED);
                Session without = model.newSession();
                Session with = model.newSession(Adapter.open(adapter))) {
            double[] moved = new double[model.dimensions().layers()];
            for (int i = 0; i < tasks; i++) {
                StoryCorpus.Task task = corpus.task(i);
                String first = TaskScore.reply(without, task.prompt());
                String second = TaskScore.reply(with, task.prompt());
                rightWithout += first.equals(task.response()) ? 1 : 0;
                rightWith += second.equals(task.response()) ? 1 : 0;
                show(task, first, second);
                int[] tokens = model.tokenizer().encode(task.prompt(), EncodeOptions.PROMPT);
                double[] here = AttentionMoved.of(model, adapter, tokens);
                for (int layer = 0; layer < moved.length; layer++) {
                    moved[layer] += here[layer] / tasks;
                }
            }
            console()
                    .println("right: %d of %d without the adapter, %d with it"
                            .formatted(rightWithout, tasks, rightWith));
            showMoved(moved);
            console().flush();
        }
        return 0;
    }

    private void show(StoryCorpus.Task task, String without, String with) {
        int line = task.prompt().indexOf('\n');
        console().println(wrapped(task.prompt().substring(0, line)));
        console().println(task.prompt().substring(line + 1, task.prompt().lastIndexOf('\n')));
        console().println("    without adapter:  %-36s".formatted(without).stripTrailing());
        console()
                .println("    with adapter:     %-36s %s"
                        .formatted(
                                with, with.equals(task.response()) ? "(right)" : "(wrong: " + task.response() + ")"));
        console().println("");
        console().flush();
    }

    private void showMoved(double[] moved) {
        console().println("attention that the adapter moved to other words, mean over heads and words:");
        for (int layer = 0; layer < moved.length; layer++) {
            console()
                    .println(String.format(
                                    Locale.ROOT,
                                    "    layer %d  %5.1f %%  %s",
                                    layer,
                                    100 * moved[layer],
                                    "#".repeat((int) Math.round(BAR * moved[layer])))
                            .stripTrailing());
        }
    }

    /// Broken at spaces before the last column.
    private static String wrapped(String text) {
        StringBuilder lines = new StringBuilder();
        int column = 0;
        for (String word : text.split(" ", -1)) {
            if (column > 0) {
                boolean full = column + 1 + word.length() > COLUMNS;
                lines.append(full ? '\n' : ' ');
                column = full ? 0 : column + 1;
            }
            lines.append(word);
            column += word.length();
        }
        return lines.toString();
    }
}
