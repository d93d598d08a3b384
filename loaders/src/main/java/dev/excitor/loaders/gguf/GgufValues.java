package dev.excitor.loaders.gguf;

import dev.excitor.loaders.file.FileText;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Optional;
import java.util.SequencedMap;

/// Reads the key/value part of a header: checks every value whole, remembers only where it lies.
final class GgufValues {

    /// The longest array that is read; 8 times the merges of the largest vocabulary in use.
    private static final int MAX_ELEMENTS = 1 << 22;

    private final GgufCursor cursor;

    private GgufValues(GgufCursor cursor) {
        this.cursor = cursor;
    }

    static SequencedMap<String, GgufValue> read(GgufCursor cursor, int count) throws IOException {
        var reader = new GgufValues(cursor);
        var values = new LinkedHashMap<String, GgufValue>();
        for (int i = 0; i < count; i++) {
            int at = cursor.at();
            String key = cursor.name("the name of key " + i);
            if (values.put(key, reader.value("key " + FileText.quote(key))) != null) {
                throw cursor.malformed(at, "key %s: expected once, found again".formatted(FileText.quote(key)));
            }
        }
        return values;
    }

    private GgufValue value(String key) throws IOException {
        GgufType type = type(key, "type");
        int at = cursor.at();
        return switch (type) {
            case ARRAY -> array(key);
            case STRING -> {
                cursor.skipString(key);
                yield new GgufValue(type, false, 1, at, cursor.at());
            }
            case BOOL -> {
                bool(key);
                yield new GgufValue(type, false, 1, at, cursor.at());
            }
            case UINT8, INT8, UINT16, INT16, UINT32, INT32, FLOAT32, UINT64, INT64, FLOAT64 -> {
                cursor.skip(type.bytes(), key);
                yield new GgufValue(type, false, 1, at, cursor.at());
            }
        };
    }

    private GgufValue array(String key) throws IOException {
        int typeAt = cursor.at();
        GgufType element = type(key, "element type");
        if (element == GgufType.ARRAY) {
            throw cursor.malformed(typeAt, key + ": expected an array of plain values, found an array of arrays");
        }
        int least = element == GgufType.STRING ? Long.BYTES : element.bytes();
        int count = cursor.count(key + ", its array length", least, MAX_ELEMENTS);
        int at = cursor.at();
        switch (element) {
            case STRING -> {
                for (int i = 0; i < count; i++) {
                    cursor.skipString(key);
                }
            }
            case BOOL -> {
                for (int i = 0; i < count; i++) {
                    bool(key);
                }
            }
            case UINT8, INT8, UINT16, INT16, UINT32, INT32, FLOAT32, UINT64, INT64, FLOAT64, ARRAY ->
                cursor.skip((long) count * element.bytes(), key);
        }
        return new GgufValue(element, true, count, at, cursor.at());
    }

    private GgufType type(String key, String what) throws IOException {
        int at = cursor.at();
        int number = cursor.i32(key);
        Optional<GgufType> type = GgufType.of(number);
        return type.orElseThrow(() -> cursor.malformed(
                at,
                "%s, its %s: expected a number from 0 (uint8) to 12 (float64), found %s"
                        .formatted(key, what, Integer.toUnsignedString(number))));
    }

    private void bool(String key) throws IOException {
        int at = cursor.at();
        int value = cursor.u8(key);
        if (value > 1) {
            throw cursor.malformed(at, "%s: expected a bool of 0 or 1, found %d".formatted(key, value));
        }
    }
}
