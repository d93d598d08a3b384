package dev.excitor.cli.bench;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.util.Collection;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// Rows as text, in the formats of llama-bench.
public enum RowWriter {
    /// A Markdown table, for people: the columns that a [Table] chooses.
    MD {
        @Override
        public String write(List<Row> rows, Table table) {
            return table.markdown(rows);
        }
    },
    /// Comma-separated values under a line of names, texts in quotes. The single runs, being lists, are left out.
    CSV {
        @Override
        public String write(List<Row> rows, Table table) {
            return rows.isEmpty() ? "" : csvNames(rows.getFirst()) + lines(rows, RowWriter::csvLine);
        }
    },
    /// An array of objects.
    JSON {
        @Override
        public String write(List<Row> rows, Table table) {
            return rows.stream().map(row -> "  " + json(row)).collect(Collectors.joining(",\n", "[\n", "\n]\n"));
        }
    },
    /// An object a line.
    JSONL {
        @Override
        public String write(List<Row> rows, Table table) {
            return lines(rows, RowWriter::json);
        }
    };

    /// The text, in whole lines.
    ///
    /// @param table what people see of the rows
    public abstract String write(List<Row> rows, Table table);

    private static String lines(List<Row> rows, Function<Row, String> line) {
        return rows.stream().map(row -> line.apply(row) + "\n").collect(Collectors.joining());
    }

    private static String json(Row row) {
        StringWriter text = new StringWriter();
        try (JsonGenerator json = new JsonFactory().createGenerator(text)) {
            json.writeStartObject();
            for (var entry : row.values().entrySet()) {
                json.writeFieldName(entry.getKey());
                write(json, entry.getValue());
            }
            json.writeEndObject();
        } catch (IOException impossible) {
            throw new UncheckedIOException(impossible); // nothing fails to write into memory
        }
        return text.toString();
    }

    private static void write(JsonGenerator json, @Nullable Object value) throws IOException {
        switch (value) {
            case null -> json.writeNull();
            case Double number -> json.writeNumber(number);
            case Number number -> json.writeNumber(number.longValue());
            case Boolean truth -> json.writeBoolean(truth);
            case Collection<?> all -> {
                json.writeStartArray();
                for (Object each : all) {
                    write(json, each);
                }
                json.writeEndArray();
            }
            default -> json.writeString(value.toString());
        }
    }

    private static String csvNames(Row row) {
        return row.values().entrySet().stream()
                        .filter(entry -> !(entry.getValue() instanceof Collection))
                        .map(entry -> entry.getKey())
                        .collect(Collectors.joining(","))
                + "\n";
    }

    private static String csvLine(Row row) {
        return row.values().values().stream()
                .filter(value -> !(value instanceof Collection))
                .map(RowWriter::csv)
                .collect(Collectors.joining(","));
    }

    private static String csv(@Nullable Object value) {
        return switch (value) {
            case null -> "";
            case Number number -> number.toString();
            case Boolean truth -> truth.toString();
            default -> '"' + value.toString().replace("\"", "\"\"") + '"';
        };
    }
}
