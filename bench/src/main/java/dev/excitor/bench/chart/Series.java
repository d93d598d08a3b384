package dev.excitor.bench.chart;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/// The rows that differ in nothing but what the chart has to the right.
///
/// @param name   what distinguishes them from the other series
/// @param points by the place to the right
record Series(String name, NavigableMap<Double, Point> points) {

    /// What may tell series apart, beside the test.
    private static final List<String> DESCRIPTIONS = List.of(
            "model_type",
            "model_filename",
            "cpu_info",
            "build_commit",
            "kernel",
            "n_threads",
            "n_ubatch",
            "n_depth",
            "type_k",
            "adapter",
            "strategy");

    /// Tokens a second, and half the distance of the quartiles.
    record Point(double rate, double deviation) {}

    /// Sorts rows into series. Where several rows are about the same point, the last one counts.
    static List<Series> of(Collection<JsonNode> rows, Axis axis) {
        List<String> telling = DESCRIPTIONS.stream()
                .filter(key -> !key.equals(axis.key()))
                .filter(key ->
                        rows.stream().map(row -> row.path(key)).distinct().count() > 1)
                .toList();
        Map<String, NavigableMap<Double, Point>> series = new LinkedHashMap<>();
        for (JsonNode row : rows) {
            double rate = row.path("median_ts").asDouble();
            double deviation = row.path("spread").asDouble() * rate / 2;
            series.computeIfAbsent(name(row, axis, telling), first -> new TreeMap<>())
                    .put(axis.of(row), new Point(rate, deviation));
        }
        List<Series> all = new ArrayList<>();
        series.forEach((name, points) -> all.add(new Series(name, points)));
        return all;
    }

    private static String name(JsonNode row, Axis axis, List<String> telling) {
        String test = axis.test(row.path("test").asText());
        return Stream.concat(Stream.of(test), telling.stream().map(key -> description(row, key)))
                .filter(part -> !part.isEmpty())
                .collect(Collectors.joining(", "));
    }

    private static String description(JsonNode row, String key) {
        String value = row.path(key).asText();
        return switch (key) {
            case "n_threads" -> value + (value.equals("1") ? " thread" : " threads");
            case "n_ubatch" -> "ubatch " + value;
            case "n_depth" -> "depth " + value;
            case "adapter", "strategy" -> row.path(key).isTextual() ? value : "";
            default -> value;
        };
    }

    double[] places() {
        return points.keySet().stream().mapToDouble(place -> place).toArray();
    }

    double[] rates() {
        return points.values().stream().mapToDouble(Point::rate).toArray();
    }

    double[] deviations() {
        return points.values().stream().mapToDouble(Point::deviation).toArray();
    }
}
