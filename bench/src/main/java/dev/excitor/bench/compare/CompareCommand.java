package dev.excitor.bench.compare;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/// `compare`: ours beside other programs, which the user has built or installed.
@Command(
        name = "compare",
        mixinStandardHelpOptions = true,
        description = {
            "Measures other programs and Excitor on the same model in turn, prints the ratio of the medians, and appends"
                    + " a row for each test to a file of results.",
            "Each program has its own defaults, the type of the cache among them, unless an option here says otherwise."
        })
public final class CompareCommand implements Callable<Integer> {

    private static final String NODE_SCRIPT = "node-llama-cpp.mjs";
    private static final Path HERE = Path.of("").toAbsolutePath();

    @Option(
            names = "--peer",
            paramLabel = "FILE",
            description = "A llama-bench of llama.cpp or of one of its relatives; several may be given.")
    private List<Path> peers = List.of();

    @Option(
            names = "--node",
            paramLabel = "FOLDER",
            description = "A folder in whose node_modules the package node-llama-cpp is installed; needs node.")
    private @Nullable Path node;

    @Option(
            names = "--excitor",
            paramLabel = "FILE",
            defaultValue = "excitor",
            description = "The launcher of this checkout (default: ${DEFAULT-VALUE}, in the current folder).")
    private Path excitor = Path.of("excitor");

    @Option(
            names = {"-m", "--model"},
            paramLabel = "FILE",
            required = true,
            description = "The model, a GGUF file.")
    private Path model = Path.of("");

    @Option(
            names = {"-t", "--threads"},
            paramLabel = "N",
            required = true,
            description = "Threads of each program.")
    private int threads;

    @Option(
            names = {"-p", "--n-prompt"},
            paramLabel = "N",
            defaultValue = "512",
            description = "Tokens of a prompt; 0 for no such test (default: ${DEFAULT-VALUE}).")
    private int prompt;

    @Option(
            names = {"-n", "--n-gen"},
            paramLabel = "N",
            defaultValue = "128",
            description = "Tokens to generate; 0 for no such test (default: ${DEFAULT-VALUE}).")
    private int generated;

    @Option(
            names = {"-ctk", "--cache-type"},
            paramLabel = "TYPE",
            description = "How keys and values are kept, such as f16; not for node-llama-cpp.")
    private @Nullable String cache;

    @Option(names = "--kernel", paramLabel = "TIER", description = "Which kernels of Excitor run (default: auto).")
    private @Nullable String kernel;

    @Option(
            names = {"-r", "--rounds"},
            paramLabel = "N",
            defaultValue = "5",
            description = "Rounds; in each, every program is started anew (default: ${DEFAULT-VALUE}).")
    private int rounds;

    @Option(
            names = "--runs",
            paramLabel = "N",
            defaultValue = "1",
            description = "Measurements of each test in a round, behind a warm-up (default: ${DEFAULT-VALUE}).")
    private int runs;

    @Option(
            names = "--results",
            paramLabel = "FILE",
            defaultValue = "bench/results/compare.jsonl",
            description = "Where the rows are appended (default: ${DEFAULT-VALUE}).")
    private Path results = Path.of("");

    @Spec
    private @Nullable CommandSpec spec;

    @Override
    public Integer call() throws IOException {
        check();
        // Node takes a module from a file only: from standard input, the package's own child processes would not start.
        Path script = Files.createTempFile("node-llama-cpp", ".mjs");
        try {
            Files.writeString(script, script());
            compare(peers(script));
        } finally {
            Files.delete(script);
        }
        return CommandLine.ExitCode.OK;
    }

    private void compare(List<Contestant> others) throws IOException {
        Comparison comparison = new Comparison(ours(), others);
        comparison.run(rounds, line -> commandLine().getErr().println(line));
        List<ObjectNode> rows = comparison.rows();
        Files.writeString(
                results,
                rows.stream().map(row -> row + "\n").collect(Collectors.joining()),
                StandardOpenOption.CREATE,
                StandardOpenOption.APPEND);
        commandLine().getOut().print(Comparison.table(rows));
        commandLine().getOut().flush();
    }

    private void check() {
        if (peers.isEmpty() && node == null) {
            throw new ParameterException(commandLine(), "nothing to compare with: give --peer or --node");
        }
        if (threads < 1 || rounds < 1 || runs < 1 || prompt < 0 || generated < 0 || prompt + generated == 0) {
            throw new ParameterException(
                    commandLine(), "-t, -r and --runs must be 1 or more, and one of -p and -n above 0");
        }
        for (Path file : List.of(excitor, model)) {
            if (!Files.isRegularFile(file)) {
                throw new ParameterException(commandLine(), file + ": there is no such file");
            }
        }
        if (node != null && !Files.isDirectory(node.resolve("node_modules/node-llama-cpp"))) {
            throw new ParameterException(commandLine(), node + ": there is no node_modules/node-llama-cpp in it");
        }
    }

    private Contestant ours() {
        List<String> command = benchCommand(excitor, List.of("bench", "--no-limits"));
        if (kernel != null) {
            command.addAll(List.of("--kernel", kernel));
        }
        return new Contestant("excitor", command, HERE);
    }

    private List<Contestant> peers(Path script) {
        List<Contestant> all = new ArrayList<>();
        for (Path peer : peers) {
            all.add(new Contestant(String.valueOf(peer.getFileName()), benchCommand(peer, List.of()), HERE));
        }
        if (node != null) {
            List<String> command = List.of(
                    "node",
                    script.toString(),
                    model.toAbsolutePath().toString(),
                    String.valueOf(threads),
                    String.valueOf(prompt),
                    String.valueOf(generated),
                    String.valueOf(runs));
            all.add(new Contestant("node-llama-cpp", command, node));
        }
        return all;
    }

    /// The options that llama-bench and we have in common.
    private List<String> benchCommand(Path program, List<String> first) {
        List<String> command = new ArrayList<>();
        command.add(program.toAbsolutePath().toString());
        command.addAll(first);
        command.addAll(List.of("-m", model.toString(), "-t", String.valueOf(threads)));
        command.addAll(List.of("-p", String.valueOf(prompt), "-n", String.valueOf(generated)));
        command.addAll(List.of("-r", String.valueOf(runs), "-o", "json"));
        if (cache != null) {
            command.addAll(List.of("-ctk", cache, "-ctv", cache));
        }
        return command;
    }

    private static String script() throws IOException {
        try (InputStream resource = CompareCommand.class.getResourceAsStream(NODE_SCRIPT)) {
            return new String(Objects.requireNonNull(resource).readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    private CommandLine commandLine() {
        return Objects.requireNonNull(spec).commandLine();
    }
}
