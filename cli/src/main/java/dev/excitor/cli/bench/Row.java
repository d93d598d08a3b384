package dev.excitor.cli.bench;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.SequencedMap;
import org.jspecify.annotations.Nullable;

/// One row of results: names and values in order. A value is a text, a number, a truth, a list of numbers, or null
/// where it does not apply.
public final class Row {

    private final SequencedMap<String, @Nullable Object> values = new LinkedHashMap<>();

    /// What is kept of a path: results are for other machines too, where the folder means nothing.
    static String fileName(Path file) {
        return String.valueOf(file.getFileName());
    }

    /// Adds a value at the end.
    Row with(String name, @Nullable Object value) {
        values.put(name, value);
        return this;
    }

    /// Names and values.
    public SequencedMap<String, @Nullable Object> values() {
        return values;
    }

    /// A value, or null where it is null or absent.
    @Nullable
    Object get(String name) {
        return values.get(name);
    }
}
