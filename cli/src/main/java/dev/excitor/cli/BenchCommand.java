package dev.excitor.cli;

import dev.excitor.cli.bench.Bench;
import dev.excitor.cli.bench.LimitRows;
import dev.excitor.cli.bench.Plan;
import dev.excitor.cli.bench.Row;
import dev.excitor.cli.bench.RowWriter;
import dev.excitor.cli.bench.Table;
import dev.excitor.runtime.EngineOptions;
import dev.excitor.runtime.checkpoint.CheckpointReader;
import dev.excitor.runtime.kernel.Kernels;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/// `excitor bench`.
@Command(
        name = "bench",
        description = {
            "Measures tokens per second, as llama-bench does: a prompt that goes through the model together (pp), tokens"
                    + " one by one (tg), or both (pg), on random tokens.",
            "Every option of the model takes a list; all combinations are warmed up, then measured in rounds, so that"
                    + " whatever slows the machine for a while slows all of them. With --limits it measures what the"
                    + " machine can do at most."
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  excitor bench -m llama-3.2-1b.Q4_0.gguf",
            "  excitor bench -m llama-3.2-1b.Q4_0.gguf -t 1,2,4 -p 0 -n 64 -d 0,4096 -o jsonl",
            "  excitor bench -m llama-3.2-1b.Q4_0.gguf --adapter polite.excitor.gguf --kernel native,vector",
            "  excitor bench -m llama-3.2-1b.Q4_0.gguf -n 0 -ngl 0,99",
            "  excitor bench --limits -m llama-3.2-1b.Q4_0.gguf"
        })
final class BenchCommand extends Subcommand {

    private static final int MOST_REPETITIONS = 10_000;
    private static final int MOST_DELAY_SECONDS = 3600;
    private static final List<Integer> WIDTHS = List.of(0, 128, 256, 512);

    @Mixin
    private BenchAxes axes = new BenchAxes();

    @Option(
            names = {"-r", "--repetitions"},
            paramLabel = "N",
            defaultValue = "5",
            description = "Rounds, each of which measures every combination once (default: ${DEFAULT-VALUE}).")
    private int repetitions;

    @Option(names = "--no-warmup", description = "Measure the first run too, in which the JVM compiles.")
    private boolean noWarmUp;

    @Option(
            names = "--delay",
            paramLabel = "SECONDS",
            defaultValue = "0",
            description = "Rest before each run (default: ${DEFAULT-VALUE}).")
    private int delay;

    @Option(
            names = "--vector-bits",
            paramLabel = "BITS",
            defaultValue = "0",
            description = "Width of the portable vector kernels: 128, 256 or 512; 0 takes the CPU's own"
                    + " (default: ${DEFAULT-VALUE}).")
    private int vectorBits;

    @Mixin
    private GpuFlags gpu = new GpuFlags();

    @Option(names = "--no-mmap", description = "Read the weights into memory instead of mapping the file.")
    private boolean noMmap;

    @Option(
            names = "--limits",
            description = "Measure the machine instead of a model, with 1 thread up to the most of -t: reading memory"
                    + " (and the file of -m, mapped), and multiplying in registers.")
    private boolean limits;

    @Option(names = "--no-limits", description = "Do not measure the memory's speed beside the model.")
    private boolean noLimits;

    @Option(
            names = {"-o", "--output"},
            paramLabel = "FORMAT",
            defaultValue = "md",
            description = "How results are written to standard output: ${COMPLETION-CANDIDATES}"
                    + " (default: ${DEFAULT-VALUE}).")
    private RowWriter format = RowWriter.MD;

    @Spec
    private @Nullable CommandSpec spec;

    BenchCommand(Console console) {
        super(console);
    }

    @Override
    public Integer call() throws IOException {
        return limits ? limits() : speeds();
    }

    private int speeds() throws IOException {
        require("-r", repetitions, 1, MOST_REPETITIONS);
        require("--delay", delay, 0, MOST_DELAY_SECONDS);
        if (!WIDTHS.contains(vectorBits)) {
            throw new ParameterException(
                    commandLine(), "--vector-bits must be one of %s, but is %d".formatted(WIDTHS, vectorBits));
        }
        Bench.Options options = new Bench.Options(
                new EngineOptions(0, 0, Kernels.Tier.AUTO, vectorBits, gpu.options(0)),
                noMmap ? CheckpointReader.Memory.COPIED : CheckpointReader.Memory.MAPPED,
                !noWarmUp,
                Duration.ofSeconds(delay),
                !noLimits);
        Bench bench =
                new Bench(Plan.of(axes.axes(commandLine()), repetitions), options, Version.commit(), console()::note);
        return run(bench::cancel, bench::run, new Once(bench::rows, Table.SPEEDS));
    }

    private int limits() throws IOException {
        if (axes.models().size() > 1) {
            throw new ParameterException(commandLine(), "--limits reads one file, but -m has " + axes.models());
        }
        int threads = axes.mostThreads(commandLine());
        LimitRows machine = new LimitRows(Version.commit(), console()::note);
        return run(
                machine::cancel,
                () -> machine.run(threads, axes.models().stream().findFirst()),
                new Once(machine::rows, Table.LIMITS));
    }

    /// Works and writes the results; after Ctrl-C at once those that are there, since a run may take minutes.
    private int run(Runnable cancel, Runnable work, Once results) {
        Runnable stop = () -> {
            cancel.run();
            results.write();
        };
        return Interruption.stops(stop, console(), () -> {
            work.run();
            return results.write() ? 0 : Interruption.EXIT_CODE;
        });
    }

    /// Results that are written once, by whoever comes first: the end of the work or its interruption.
    private final class Once {
        private final Supplier<List<Row>> rows;
        private final Table table;
        private boolean written;

        Once(Supplier<List<Row>> rows, Table table) {
            this.rows = rows;
            this.table = table;
        }

        /// @return whether they had not been written before
        synchronized boolean write() {
            if (written) {
                return false;
            }
            written = true;
            console().print(format.write(rows.get(), table));
            console().flush();
            return true;
        }
    }

    private void require(String option, int number, int least, int most) {
        if (number < least || number > most) {
            throw new ParameterException(
                    commandLine(), "%s must be from %d to %d, but is %d".formatted(option, least, most, number));
        }
    }

    private CommandLine commandLine() {
        return Objects.requireNonNull(spec).commandLine();
    }
}
