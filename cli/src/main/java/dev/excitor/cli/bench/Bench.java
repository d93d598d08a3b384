package dev.excitor.cli.bench;

import dev.excitor.runtime.EngineOptions;
import dev.excitor.runtime.checkpoint.CheckpointReader;
import dev.excitor.runtime.limits.Limits;
import dev.excitor.runtime.team.Team;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;

/// Measures what a plan says. [#rows] may be asked at any time, by any thread, for what has been measured so far.
public final class Bench {

    /// How long a configuration is warmed up at least: the time the JVM needs to compile what a short run repeats.
    private static final long WARM_UP_NANOS = 1_000_000_000;

    /// How to measure.
    ///
    /// @param engine what all engines have in common; threads, tier and layers on the GPU are each setup's own
    /// @param memory where the weights live
    /// @param warmUp whether every configuration runs before any is measured
    /// @param delay  rest before each run
    /// @param limits whether the memory's speed is measured in each round
    public record Options(
            EngineOptions engine, CheckpointReader.Memory memory, boolean warmUp, Duration delay, boolean limits) {}

    private final Plan plan;
    private final Options options;
    private final Consumer<String> progress;
    private final Results results;
    private volatile boolean cancelled;

    /// @param build    what the program was built from, for the results
    /// @param progress told a line before each step
    public Bench(Plan plan, Options options, String build, Consumer<String> progress) {
        this.plan = plan;
        this.options = options;
        this.progress = progress;
        this.results = new Results(build, options.memory());
    }

    /// Ends the work behind the run in progress; from any thread.
    public void cancel() {
        cancelled = true;
    }

    public boolean isCancelled() {
        return cancelled;
    }

    /// A row for each configuration that was measured, in the plan's order.
    public List<Row> rows() {
        return results.rows(plan.configurations());
    }

    /// Does the work.
    public void run() {
        try (Stages stages = Stages.open(plan, options.engine(), options.memory())) {
            plan.configurations().forEach(each -> results.describe(each, Facts.of(each, stages.of(each.setup()))));
            if (options.warmUp()) {
                warmUp(stages);
            }
            Optional<Limits> limits = options.limits() ? Optional.of(new Limits()) : Optional.empty();
            try {
                measure(stages, limits);
            } finally {
                limits.ifPresent(Limits::close);
            }
        }
    }

    private void warmUp(Stages stages) {
        int count = 0;
        for (Configuration each : plan.configurations()) {
            count++;
            note("warm-up", count, plan.configurations().size(), each);
            long start = System.nanoTime();
            do {
                if (cancelled) {
                    return;
                }
                stages.of(each.setup()).run(each.workload());
            } while (System.nanoTime() - start < WARM_UP_NANOS);
        }
    }

    private void measure(Stages stages, Optional<Limits> limits) {
        Map<Integer, Team> teams = stages.teams();
        List<Plan.Step> steps = plan.steps();
        for (int i = 0; i < steps.size() && !cancelled; i++) {
            Configuration each = steps.get(i).configuration();
            if (each.equals(plan.configurations().getFirst())) {
                limits.ifPresent(all -> teams.forEach((size, team) -> results.memory(size, all.read(team))));
            }
            note("run", i + 1, steps.size(), each);
            LockSupport.parkNanos(options.delay().toNanos());
            long nanos = stages.of(each.setup()).run(each.workload());
            results.add(each, nanos);
        }
    }

    private void note(String what, int number, int count, Configuration each) {
        Setup setup = each.setup();
        progress.accept(String.format(
                Locale.ROOT,
                "%s %d of %d: %s, %s, %d %s, %s%s",
                what,
                number,
                count,
                each.workload().name(),
                setup.model().getFileName(),
                setup.threads(),
                setup.threads() == 1 ? "thread" : "threads",
                results.facts(each).kernel(),
                setup.adapter().map(adapter -> ", " + adapter).orElse("")));
    }
}
