package dev.excitor.bench.chart;

import com.fasterxml.jackson.databind.JsonNode;

/// What a chart has to the right.
enum Axis {
    DEPTH("n_depth", "tokens in the cache"),
    BATCH("n_ubatch", "tokens of a pass"),
    THREADS("n_threads", "threads");

    private final String key;
    private final String title;

    Axis(String key, String title) {
        this.key = key;
        this.title = title;
    }

    String key() {
        return key;
    }

    String title() {
        return title;
    }

    double of(JsonNode row) {
        return row.path(key).asDouble();
    }
}
