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

    /// Whether each step to the right is a multiple of the last one.
    boolean isLogarithmic() {
        return this == BATCH;
    }

    double of(JsonNode row) {
        double value = row.path(key).asDouble();
        double prompt = row.path("n_prompt").asDouble();
        // a prompt shorter than a pass is a pass of its own
        return this == BATCH && prompt > 0 ? Math.min(prompt, value) : value;
    }

    /// What a test is called where the place on this axis says the rest.
    String test(String name) {
        String shallow = name.replaceFirst(" @ d.*", ""); // the depth is told elsewhere
        return this == BATCH ? shallow.replaceFirst("^pp\\d+$", "pp") : shallow;
    }
}
