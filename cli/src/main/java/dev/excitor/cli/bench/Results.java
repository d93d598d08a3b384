package dev.excitor.cli.bench;

import dev.excitor.model.adapter.Strategy;
import dev.excitor.runtime.Cpu;
import dev.excitor.runtime.checkpoint.CheckpointReader;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// What has been measured so far; one thread adds, any thread asks.
final class Results {

    private static final double BYTES_PER_GB = 1e9;

    private final Map<Configuration, Facts> facts = new HashMap<>();
    private final Map<Configuration, Timings> timings = new HashMap<>();

    /// Most bytes read in a second, by threads.
    private final Map<Integer, Double> memory = new HashMap<>();

    private final String build;
    private final CheckpointReader.Memory weights;

    /// @param build   what the program was built from
    /// @param weights where they live
    Results(String build, CheckpointReader.Memory weights) {
        this.build = build;
        this.weights = weights;
    }

    synchronized void describe(Configuration configuration, Facts known) {
        facts.put(configuration, known);
    }

    synchronized Facts facts(Configuration configuration) {
        Facts known = facts.get(configuration);
        if (known == null) {
            throw new IllegalArgumentException("this configuration has not been described");
        }
        return known;
    }

    /// Takes the time of one run.
    synchronized void add(Configuration configuration, long nanos) {
        timings.computeIfAbsent(
                        configuration,
                        first -> new Timings(configuration.workload().tokens(), Instant.now()))
                .nanos()
                .add(nanos);
    }

    /// Takes how fast the memory was read; the fastest of all rounds is the limit.
    synchronized void memory(int threads, double bytesPerSecond) {
        memory.merge(threads, bytesPerSecond, Math::max);
    }

    /// A row for each configuration that has run.
    synchronized List<Row> rows(List<Configuration> configurations) {
        return configurations.stream()
                .flatMap(each ->
                        Optional.ofNullable(timings.get(each)).map(times -> row(each, facts(each), times)).stream())
                .toList();
    }

    private Row row(Configuration configuration, Facts known, Timings times) {
        Setup setup = configuration.setup();
        Workload work = configuration.workload();
        String cache = setup.cache().name().toLowerCase(Locale.ROOT);
        Optional<Double> read = work.isDecode()
                ? Optional.of(known.bytesPerToken() * times.medianRate() / BYTES_PER_GB)
                : Optional.empty();
        Optional<Double> limit =
                Optional.ofNullable(memory.get(setup.threads())).map(rate -> rate / BYTES_PER_GB);
        return new Row()
                .with("build_commit", build)
                .with("jdk", Runtime.version().toString())
                .with("cpu_info", Cpu.name())
                .with("model_filename", Row.fileName(setup.model()))
                .with("model_type", known.modelType())
                .with("model_size", known.modelBytes())
                .with("model_n_params", known.parameters())
                .with("kernel", known.kernel())
                .with("vector_bits", known.vectorBits())
                .with("n_gpu_layers", setup.gpuLayers())
                .with("gpu_info", known.gpu())
                .with("n_batch", setup.batch())
                .with("n_ubatch", setup.microBatch())
                .with("n_threads", setup.threads())
                .with("type_k", cache)
                .with("type_v", cache)
                .with("use_mmap", weights == CheckpointReader.Memory.MAPPED)
                .with("adapter", orNull(setup.adapter().map(AdapterFile::toString)))
                .with("strategy", orNull(known.strategy().map(Results::name)))
                .with("n_prompt", work.prompt())
                .with("n_gen", work.generated())
                .with("n_depth", work.depth())
                .with("test", work.name())
                .with("test_time", times.since().truncatedTo(ChronoUnit.SECONDS).toString())
                .with("avg_ns", Math.round(times.meanNanos()))
                .with("stddev_ns", Math.round(times.deviationNanos()))
                .with("avg_ts", times.meanRate())
                .with("stddev_ts", times.deviationRate())
                .with("median_ts", times.medianRate())
                .with("spread", times.spread())
                .with("gb_per_s", orNull(read))
                .with("memory_limit_gb_per_s", orNull(limit))
                .with("share_of_limit", orNull(read.flatMap(gb -> limit.map(most -> gb / most))))
                .with("samples_ns", List.copyOf(times.nanos()))
                .with("samples_ts", times.rates());
    }

    private static String name(Strategy strategy) {
        return strategy.name().toLowerCase(Locale.ROOT);
    }

    private static @Nullable Object orNull(Optional<?> value) {
        return value.orElse(null);
    }
}
