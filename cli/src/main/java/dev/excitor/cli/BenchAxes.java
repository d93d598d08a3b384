package dev.excitor.cli;

import dev.excitor.cli.bench.AdapterFile;
import dev.excitor.cli.bench.Axes;
import dev.excitor.cli.bench.Workload;
import dev.excitor.runtime.Cpu;
import dev.excitor.runtime.kernel.Kernels;
import dev.excitor.runtime.kv.KvLayout;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;

/// Everything that `excitor bench` varies. Each option takes a list, and may be given several times.
final class BenchAxes {

    private static final int MOST_TOKENS = 1 << 22;
    private static final int MOST_BATCH = 1 << 14;
    private static final int MOST_THREADS = 1024;
    private static final int MOST_LAYERS = 1 << 20;

    @Option(
            names = {"-m", "--model"},
            paramLabel = "FILE",
            split = ",",
            converter = GivenFile.Converter.class,
            description = "Models, GGUF files; :story is the small one that comes with the program.")
    private List<Path> models = List.of();

    @Option(
            names = {"-p", "--n-prompt"},
            paramLabel = "N",
            split = ",",
            defaultValue = "512",
            description = "Tokens of a prompt; 0 for no such test (default: ${DEFAULT-VALUE}).")
    private List<Integer> prompts = List.of();

    @Option(
            names = {"-n", "--n-gen"},
            paramLabel = "N",
            split = ",",
            defaultValue = "128",
            description = "Tokens to generate, one by one; 0 for no such test (default: ${DEFAULT-VALUE}).")
    private List<Integer> generated = List.of();

    @Option(
            names = "-pg",
            paramLabel = "P,N",
            converter = TokenPair.Converter.class,
            description = "A prompt of P tokens, then N generated ones, as one test.")
    private List<TokenPair> pairs = List.of();

    @Option(
            names = {"-d", "--n-depth"},
            paramLabel = "N",
            split = ",",
            defaultValue = "0",
            description = "Tokens in the cache before the test begins (default: ${DEFAULT-VALUE}).")
    private List<Integer> depths = List.of();

    @Option(
            names = {"-b", "--batch-size"},
            paramLabel = "N",
            split = ",",
            defaultValue = "2048",
            description = "Most tokens of a prompt handed over at once (default: ${DEFAULT-VALUE}).")
    private List<Integer> batches = List.of();

    @Option(
            names = {"-ub", "--ubatch-size"},
            paramLabel = "N",
            split = ",",
            defaultValue = "512",
            description = "Most of these that go through the model together (default: ${DEFAULT-VALUE}).")
    private List<Integer> microBatches = List.of();

    @Option(
            names = {"-t", "--threads"},
            paramLabel = "N",
            split = ",",
            defaultValue = "0",
            description = "Threads; 0 takes as many as this process may use (default: ${DEFAULT-VALUE}).")
    private List<Integer> threads = List.of();

    @Option(
            names = {"-ctk", "--cache-type-k"},
            paramLabel = "TYPE",
            split = ",",
            defaultValue = "f32",
            description = "How keys are kept: ${COMPLETION-CANDIDATES} (default: ${DEFAULT-VALUE}).")
    private List<KvLayout.Type> keys = List.of();

    @Option(
            names = {"-ctv", "--cache-type-v"},
            paramLabel = "TYPE",
            split = ",",
            description = "How values are kept; the same list as that of the keys.")
    private @Nullable List<KvLayout.Type> values;

    @Option(
            names = "--kernel",
            paramLabel = "TIER",
            split = ",",
            defaultValue = "auto",
            description = "Which kernels run: ${COMPLETION-CANDIDATES} (default: ${DEFAULT-VALUE}).")
    private List<Kernels.Tier> tiers = List.of();

    @Option(
            names = {"-ngl", "--n-gpu-layers", "--gpu-layers"},
            paramLabel = "N",
            split = ",",
            defaultValue = "0",
            description = "Layers that the GPU computes for prompts, from the top, the output as one more; 99 for all"
                    + " (default: ${DEFAULT-VALUE}).")
    private List<Integer> gpuLayers = List.of();

    @Option(
            names = "--adapter",
            paramLabel = "FILE[:SCALE]",
            split = ",",
            converter = AdapterArgument.Converter.class,
            description = "Excitor adapters, and how strong they are; each is measured beside the model without one.")
    private List<AdapterArgument> adapters = List.of();

    /// The models given, if any.
    List<Path> models() {
        return models;
    }

    /// Most threads of the list.
    int mostThreads(CommandLine command) {
        return threads(command).stream().mapToInt(count -> count).max().orElse(1);
    }

    /// All lists, checked.
    ///
    /// @throws ParameterException naming an option that is not as it must be
    Axes axes(CommandLine command) {
        if (models.isEmpty()) {
            throw new ParameterException(command, "Missing required option: '-m=FILE' (only --limits needs no model)");
        }
        require(command, "-p", prompts, 0, MOST_TOKENS);
        require(command, "-n", generated, 0, MOST_TOKENS);
        require(command, "-d", depths, 0, MOST_TOKENS);
        require(command, "-b", batches, 1, MOST_BATCH);
        require(command, "-ub", microBatches, 1, MOST_BATCH);
        require(command, "-ngl", gpuLayers, 0, MOST_LAYERS);
        for (TokenPair pair : pairs) {
            require(command, "-pg", List.of(pair.prompt(), pair.generated()), 1, MOST_TOKENS);
        }
        if (values != null && !values.equals(keys)) {
            throw new ParameterException(
                    command, "-ctv must be the list of -ctk, since keys and values are kept alike, but is " + values);
        }
        List<Workload> workloads = workloads();
        if (workloads.isEmpty()) {
            throw new ParameterException(command, "-p 0 and -n 0 leave nothing to measure: give one of them, or -pg");
        }
        List<AdapterFile> files = adapters.stream()
                .map(adapter -> new AdapterFile(adapter.path(), adapter.scale()))
                .toList();
        return new Axes(
                models, tiers, gpuLayers, threads(command), batches, microBatches, keys, files, workloads, depths);
    }

    private List<Workload> workloads() {
        return Stream.of(
                        prompts.stream().filter(n -> n > 0).map(n -> new Workload(n, 0, 0)),
                        generated.stream().filter(n -> n > 0).map(n -> new Workload(0, n, 0)),
                        pairs.stream().map(pair -> new Workload(pair.prompt(), pair.generated(), 0)))
                .flatMap(each -> each)
                .toList();
    }

    private List<Integer> threads(CommandLine command) {
        require(command, "-t", threads, 0, MOST_THREADS);
        return threads.stream()
                .map(count -> count == 0 ? Cpu.usableThreads() : count)
                .toList();
    }

    private static void require(CommandLine command, String option, List<Integer> numbers, int least, int most) {
        numbers.stream()
                .filter(number -> number < least || number > most)
                .findFirst()
                .ifPresent(wrong -> {
                    throw new ParameterException(
                            command, "%s must be from %d to %d, but is %d".formatted(option, least, most, wrong));
                });
    }
}
