package dev.excitor.cli.bench;

import dev.excitor.cli.Sizes;
import dev.excitor.runtime.Cpu;
import dev.excitor.runtime.ExcitorException;
import dev.excitor.runtime.limits.Limits;
import dev.excitor.runtime.team.Team;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// What this machine can do at most, a row for each number of threads.
public final class LimitRows {

    private static final double GIGA = 1e9;

    /// Less says nothing about memory.
    private static final long LEAST_FILE_BYTES = 1 << 16;

    private final String build;
    private final Consumer<String> progress;
    private final List<Row> rows = new ArrayList<>();
    private volatile boolean cancelled;

    /// @param build    what the program was built from
    /// @param progress told a line before each step
    public LimitRows(String build, Consumer<String> progress) {
        this.build = build;
        this.progress = progress;
    }

    /// Ends the work behind the row in progress; from any thread.
    public void cancel() {
        cancelled = true;
    }

    /// What has been measured so far; for any thread.
    public synchronized List<Row> rows() {
        return List.copyOf(rows);
    }

    private synchronized void add(Row row) {
        rows.add(row);
    }

    /// Measures.
    ///
    /// @param threads most threads; 1 is the first row
    /// @param model   a file that is mapped and read too, if it is there
    public void run(int threads, Optional<Path> model) {
        try (Limits limits = new Limits()) {
            for (int count = 1; count <= threads && !cancelled; count++) {
                progress.accept("limits of " + count + (count == 1 ? " thread" : " threads"));
                try (Team team = new Team(count)) {
                    Limits.Rates rates = limits.measure(team);
                    Double file = model.isPresent() ? readFile(team, model.get()) : null;
                    add(row(rates, model, file));
                }
            }
        }
    }

    private static double readFile(Team team, Path model) {
        try (FileChannel file = FileChannel.open(model);
                Arena arena = Arena.ofShared()) {
            if (file.size() < LEAST_FILE_BYTES) {
                throw new ExcitorException.InvalidOption(
                        "-m",
                        "a file of at least " + Sizes.bytes(LEAST_FILE_BYTES),
                        Sizes.bytes(file.size()) + " long");
            }
            return Limits.read(team, file.map(FileChannel.MapMode.READ_ONLY, 0, file.size(), arena));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private Row row(Limits.Rates rates, Optional<Path> model, @Nullable Double file) {
        return new Row()
                .with("build_commit", build)
                .with("jdk", Runtime.version().toString())
                .with("cpu_info", Cpu.name())
                .with("n_threads", rates.threads())
                .with("read_gb_per_s", rates.read() / GIGA)
                .with("model_filename", model.map(Row::fileName).orElse(null))
                .with("read_file_gb_per_s", file == null ? null : file / GIGA)
                .with("f32_gflops", giga(rates.floats()))
                .with("int8_gops", giga(rates.bytes()))
                .with("bf16_gflops", giga(rates.tiles()));
    }

    private static @Nullable Double giga(OptionalDouble rate) {
        return rate.isPresent() ? rate.getAsDouble() / GIGA : null;
    }
}
