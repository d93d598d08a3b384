package dev.excitor.cli.bench;

import dev.excitor.cli.Sizes;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// The columns of rows that people see. A column whose values are all the same is left out, unless it always
/// belongs.
public final class Table {

    private static final String ABSENT = "";

    private record Column(String title, String key, boolean always, boolean right, Function<Object, String> text) {}

    /// Of measured speeds.
    public static final Table SPEEDS = new Table(List.of(
            always("model", "model_type", Object::toString),
            varying("file", "model_filename", Object::toString),
            number("size", "model_size", value -> Sizes.bytes(((Number) value).longValue())),
            number("params", "model_n_params", value -> Sizes.count(((Number) value).longValue())),
            always("kernel", "kernel", Object::toString),
            varying("ngl", "n_gpu_layers", Object::toString),
            number("threads", "n_threads", Object::toString),
            varying("n_batch", "n_batch", Object::toString),
            varying("n_ubatch", "n_ubatch", Object::toString),
            varying("cache", "type_k", Object::toString),
            varying("adapter", "adapter", Object::toString),
            varying("strategy", "strategy", Object::toString),
            number("test", "test", Object::toString),
            number("t/s", "median_ts", decimals(2)),
            number("spread", "spread", Table::percent),
            number("GB/s", "gb_per_s", decimals(1)),
            number("of limit", "share_of_limit", Table::percent)));

    /// Of a machine's limits.
    public static final Table LIMITS = new Table(List.of(
            number("threads", "n_threads", Object::toString),
            number("read GB/s", "read_gb_per_s", decimals(1)),
            varying("file", "model_filename", Object::toString),
            number("read file GB/s", "read_file_gb_per_s", decimals(1)),
            number("f32 GFLOP/s", "f32_gflops", decimals(0)),
            number("int8 GOP/s", "int8_gops", decimals(0)),
            number("bf16 GFLOP/s", "bf16_gflops", decimals(0))));

    private final List<Column> columns;

    private Table(List<Column> columns) {
        this.columns = columns;
    }

    private static Column always(String title, String key, Function<Object, String> text) {
        return new Column(title, key, true, false, text);
    }

    private static Column number(String title, String key, Function<Object, String> text) {
        return new Column(title, key, true, true, text);
    }

    private static Column varying(String title, String key, Function<Object, String> text) {
        return new Column(title, key, false, false, text);
    }

    private static Function<Object, String> decimals(int count) {
        return value -> String.format(Locale.ROOT, "%." + count + "f", (Double) value);
    }

    private static String percent(Object share) {
        return String.format(Locale.ROOT, "%.0f %%", 100 * (Double) share);
    }

    String markdown(List<Row> rows) {
        List<Column> shown = columns.stream()
                .filter(column -> column.always() || varies(column, rows))
                .toList();
        List<List<String>> lines = new ArrayList<>();
        lines.add(shown.stream().map(Column::title).toList());
        rows.forEach(
                row -> lines.add(shown.stream().map(column -> cell(column, row)).toList()));
        int[] widths = new int[shown.size()];
        lines.forEach(line -> {
            for (int i = 0; i < widths.length; i++) {
                widths[i] = Math.max(widths[i], line.get(i).length());
            }
        });
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < lines.size(); i++) {
            text.append(line(lines.get(i), shown, widths));
            if (i == 0) {
                text.append(rule(shown, widths));
            }
        }
        return rows.isEmpty() ? "" : text + footer(rows.getFirst());
    }

    /// What a table says nothing without: the machine, and what ran on it.
    private static String footer(Row row) {
        return "\n%s, JDK %s, build %s\n".formatted(row.get("cpu_info"), row.get("jdk"), row.get("build_commit"));
    }

    private static boolean varies(Column column, List<Row> rows) {
        return rows.stream().map(row -> cell(column, row)).distinct().count() > 1;
    }

    private static String cell(Column column, Row row) {
        @Nullable Object value = row.get(column.key());
        return value == null ? ABSENT : column.text().apply(value).replace("|", "\\|");
    }

    private static String line(List<String> cells, List<Column> shown, int[] widths) {
        StringBuilder line = new StringBuilder("|");
        for (int i = 0; i < widths.length; i++) {
            String padding = " ".repeat(widths[i] - cells.get(i).length());
            line.append(' ')
                    .append(shown.get(i).right() ? padding + cells.get(i) : cells.get(i) + padding)
                    .append(" |");
        }
        return line.append('\n').toString();
    }

    private static String rule(List<Column> shown, int[] widths) {
        StringBuilder line = new StringBuilder("|");
        for (int i = 0; i < widths.length; i++) {
            String dashes = "-".repeat(widths[i] - 1);
            line.append(' ').append(dashes).append(shown.get(i).right() ? ": |" : "- |");
        }
        return line.append('\n').toString();
    }
}
