package dev.excitor.bench.compare;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.StreamSupport;

/// One row of what llama-bench prints as JSON, and every program here after its example.
///
/// @param test  its name: `pp512`, `tg128`
/// @param rates tokens a second of each run
/// @param facts all that the program said of it
record TestRow(String test, List<Double> rates, JsonNode facts) {

    private static final ObjectMapper JSON = new ObjectMapper();

    /// Reads an array of rows.
    ///
    /// @throws IOException where the text is something else, saying what
    static List<TestRow> parse(String json) throws IOException {
        JsonNode rows = JSON.readTree(json);
        if (!rows.isArray() || rows.isEmpty()) {
            throw new IOException("expected an array of llama-bench's rows, found " + start(json));
        }
        List<TestRow> all = new ArrayList<>();
        for (JsonNode row : rows) {
            all.add(row(row));
        }
        return all;
    }

    private static TestRow row(JsonNode row) throws IOException {
        JsonNode samples = row.path("samples_ts");
        List<Double> rates = StreamSupport.stream(samples.spliterator(), false)
                .map(JsonNode::asDouble)
                .toList();
        if (rates.isEmpty() || rates.stream().anyMatch(rate -> !(rate > 0))) {
            throw new IOException("expected positive numbers in samples_ts, found " + start(row.toString()));
        }
        return new TestRow(name(row), rates, row);
    }

    private static String name(JsonNode row) throws IOException {
        int prompt = row.path("n_prompt").asInt();
        int generated = row.path("n_gen").asInt();
        int depth = row.path("n_depth").asInt();
        if (prompt + generated <= 0) {
            throw new IOException("expected n_prompt or n_gen above 0, found " + start(row.toString()));
        }
        String prompts = prompt > 0 ? "pp" + prompt : "";
        String plus = prompt > 0 && generated > 0 ? "+" : "";
        String tokens = generated > 0 ? "tg" + generated : "";
        return prompts + plus + tokens + (depth > 0 ? " @ d" + depth : "");
    }

    private static String start(String text) {
        return text.isBlank()
                ? "nothing"
                : text.strip().substring(0, Math.min(80, text.strip().length()));
    }
}
