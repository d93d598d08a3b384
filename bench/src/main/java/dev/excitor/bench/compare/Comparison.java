package dev.excitor.bench.compare;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.excitor.model.evaluation.Sample;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// Ours and some peers, measured in turn.
final class Comparison {

    /// What our rows keep of `excitor bench`; the numbers of a single round mean nothing here.
    private static final List<String> KEPT = List.of(
            "build_commit",
            "jdk",
            "cpu_info",
            "model_type",
            "model_size",
            "model_n_params",
            "kernel",
            "vector_bits",
            "n_batch",
            "n_ubatch",
            "n_threads",
            "type_k",
            "type_v",
            "n_prompt",
            "n_gen",
            "n_depth",
            "test_time");

    /// All runs of a program in one test.
    private static final class Runs {
        private final List<Double> rates = new ArrayList<>();
        private JsonNode facts = JsonNodeFactory.instance.objectNode();

        double quantile(double fraction) {
            Sample sample = new Sample();
            rates.forEach(sample::add);
            return sample.quantile(fraction);
        }

        double median() {
            return quantile(0.5);
        }

        double spread() {
            return (quantile(0.75) - quantile(0.25)) / median();
        }
    }

    private final Contestant ours;
    private final List<Contestant> peers;

    /// By test, then by program.
    private final Map<String, Map<Contestant, Runs>> tests = new LinkedHashMap<>();

    Comparison(Contestant ours, List<Contestant> peers) {
        this.ours = ours;
        this.peers = List.copyOf(peers);
    }

    /// Measures: every peer with ours behind it, round after round.
    ///
    /// @param progress told a line before each step
    void run(int rounds, Consumer<String> progress) throws IOException {
        for (int round = 1; round <= rounds; round++) {
            for (Contestant peer : peers) {
                for (Contestant next : List.of(peer, ours)) {
                    progress.accept("round %d of %d: %s".formatted(round, rounds, next.name()));
                    next.measure().forEach(row -> add(next, row));
                }
            }
        }
    }

    private void add(Contestant contestant, TestRow row) {
        Runs runs = tests.computeIfAbsent(row.test(), first -> new LinkedHashMap<>())
                .computeIfAbsent(contestant, first -> new Runs());
        runs.rates.addAll(row.rates());
        runs.facts = row.facts();
    }

    /// A row for each test and peer: what `excitor bench` says of ours, and the peer's figures of the same rounds.
    List<ObjectNode> rows() {
        List<ObjectNode> rows = new ArrayList<>();
        tests.forEach((test, programs) -> {
            @Nullable Runs own = programs.get(ours);
            for (Contestant peer : peers) {
                @Nullable Runs theirs = programs.get(peer);
                if (own != null && theirs != null) {
                    rows.add(row(test, own, peer.name(), theirs));
                }
            }
        });
        return rows;
    }

    private static ObjectNode row(String test, Runs own, String peer, Runs theirs) {
        ObjectNode row = JsonNodeFactory.instance.objectNode();
        for (String key : KEPT) {
            row.set(key, own.facts.path(key));
        }
        row.put("test", test);
        row.put("model_filename", fileName(own.facts.path("model_filename").asText()));
        figures(row, own);
        row.put("ratio", own.median() / theirs.median());
        ObjectNode other = row.putObject("peer");
        other.put("name", peer);
        other.set("build_commit", theirs.facts.path("build_commit"));
        other.set("type_k", theirs.facts.path("type_k"));
        figures(other, theirs);
        return row;
    }

    private static void figures(ObjectNode row, Runs runs) {
        row.put("median_ts", runs.median());
        row.put("spread", runs.spread());
        runs.rates.forEach(row.withArray("samples_ts")::add);
    }

    /// Results are for other machines too, where the folder means nothing.
    private static String fileName(String path) {
        return String.valueOf(Path.of(path).getFileName());
    }

    /// The rows as people read them.
    static String table(List<ObjectNode> rows) {
        StringBuilder text = new StringBuilder("""
                | test | peer | peer t/s | spread | excitor t/s | spread | ratio |
                | --- | --- | ---: | ---: | ---: | ---: | ---: |
                """);
        for (ObjectNode row : rows) {
            JsonNode peer = row.path("peer");
            text.append(String.format(
                    Locale.ROOT,
                    "| %s | %s | %.2f | %.0f %% | %.2f | %.0f %% | %.2f |\n",
                    row.path("test").asText(),
                    peer.path("name").asText(),
                    peer.path("median_ts").asDouble(),
                    100 * peer.path("spread").asDouble(),
                    row.path("median_ts").asDouble(),
                    100 * row.path("spread").asDouble(),
                    row.path("ratio").asDouble()));
        }
        return text.toString();
    }
}
