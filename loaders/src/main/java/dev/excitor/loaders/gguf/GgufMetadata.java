package dev.excitor.loaders.gguf;

import dev.excitor.loaders.file.FileText;
import dev.excitor.runtime.ExcitorException.MalformedFile;
import dev.excitor.runtime.checkpoint.Metadata;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.SequencedMap;
import java.util.Set;
import java.util.function.Predicate;

/// Typed look-ups in the validated bytes of a header. Arrays are decoded when they are asked for, each time anew.
final class GgufMetadata implements Metadata {

    private static final int SHOWN_ELEMENTS = 4;

    private final Path path;
    private final byte[] bytes;
    private final SequencedMap<String, GgufValue> values;

    /// Whether the bytes are those of the file, so that an error can say where in it a value lies.
    private final boolean fromFile;

    /// @param bytes  the header up to the last value at least
    /// @param values where the values lie in it, all checked
    GgufMetadata(Path path, byte[] bytes, SequencedMap<String, GgufValue> values) {
        this(path, bytes, values, true);
    }

    private GgufMetadata(Path path, byte[] bytes, SequencedMap<String, GgufValue> values, boolean fromFile) {
        this.path = path;
        this.bytes = bytes;
        this.values = Collections.unmodifiableSequencedMap(values);
        this.fromFile = fromFile;
    }

    /// Values that stand in no file of this format.
    static GgufMetadata built(Path path, byte[] bytes, SequencedMap<String, GgufValue> values) {
        return new GgufMetadata(path, bytes, values, false);
    }

    @Override
    public Set<String> keys() {
        return values.keySet();
    }

    @Override
    public boolean has(String key) {
        return values.containsKey(key);
    }

    Optional<GgufValue> find(String key) {
        return Optional.ofNullable(values.get(key));
    }

    /// The value's bytes as they stand in the file.
    byte[] raw(GgufValue value) {
        return Arrays.copyOfRange(bytes, value.at(), value.end());
    }

    @Override
    public String describe(String key) {
        GgufValue value = values.get(key);
        if (value == null) {
            throw absent(key, "a value");
        }
        if (!value.array()) {
            return element(value, value.at());
        }
        var shown = new ArrayList<String>();
        int at = value.at();
        for (int i = 0; i < Math.min(value.count(), SHOWN_ELEMENTS); i++) {
            shown.add(element(value, at));
            at = next(value.type(), at);
        }
        if (value.count() > SHOWN_ELEMENTS) {
            shown.add("…");
        }
        return "%d %s: [%s]".formatted(value.count(), value.type(), String.join(", ", shown));
    }

    private String element(GgufValue value, int at) {
        return switch (value.type()) {
            case STRING -> FileText.quote(text(at));
            case BOOL -> Boolean.toString(bytes[at] != 0);
            case FLOAT32 -> Float.toString(Float.intBitsToFloat(GgufCursor.i32(bytes, at)));
            case FLOAT64 -> Double.toString(Double.longBitsToDouble(GgufCursor.i64(bytes, at)));
            case UINT64 -> Long.toUnsignedString(GgufCursor.i64(bytes, at));
            case UINT8, INT8, UINT16, INT16, UINT32, INT32, INT64, ARRAY -> Long.toString(integerAt(value.type(), at));
        };
    }

    @Override
    public Optional<String> findString(String key) {
        return single(key, "a string", type -> type == GgufType.STRING).map(value -> text(value.at()));
    }

    @Override
    public OptionalLong findLong(String key) {
        Optional<GgufValue> value = single(key, "an integer", GgufType::isInteger);
        return value.isEmpty() ? OptionalLong.empty() : OptionalLong.of(checkedInteger(key, value.get()));
    }

    @Override
    public OptionalDouble findDouble(String key) {
        Optional<GgufValue> value = single(key, "a float", GgufType::isFloat);
        return value.isEmpty()
                ? OptionalDouble.empty()
                : OptionalDouble.of(floatAt(value.get().type(), value.get().at()));
    }

    @Override
    public Optional<Boolean> findBoolean(String key) {
        return single(key, "a bool", type -> type == GgufType.BOOL).map(value -> bytes[value.at()] != 0);
    }

    @Override
    public Optional<List<String>> findStrings(String key) {
        return array(key, "strings", type -> type == GgufType.STRING).map(value -> {
            var strings = new ArrayList<String>(value.count());
            for (int i = 0, at = value.at(); i < value.count(); i++, at = next(GgufType.STRING, at)) {
                strings.add(text(at));
            }
            return Collections.unmodifiableList(strings);
        });
    }

    @Override
    public Optional<List<byte[]>> findBytes(String key) {
        return array(key, "strings", type -> type == GgufType.STRING).map(value -> {
            var strings = new ArrayList<byte[]>(value.count());
            for (int i = 0, at = value.at(); i < value.count(); i++, at = next(GgufType.STRING, at)) {
                strings.add(Arrays.copyOfRange(bytes, at + Long.BYTES, next(GgufType.STRING, at)));
            }
            return Collections.unmodifiableList(strings);
        });
    }

    @Override
    public int countStrings(String key) {
        return array(key, "strings", type -> type == GgufType.STRING)
                .map(GgufValue::count)
                .orElse(0);
    }

    @Override
    public Optional<long[]> findLongs(String key) {
        return array(key, "integers", GgufType::isInteger).map(value -> {
            long[] longs = new long[value.count()];
            for (int i = 0; i < longs.length; i++) {
                longs[i] = integerAt(value.type(), value.at() + i * value.type().bytes());
                if (longs[i] < 0 && value.type() == GgufType.UINT64) {
                    throw malformed(key, "integers up to " + Long.MAX_VALUE, Long.toUnsignedString(longs[i]));
                }
            }
            return longs;
        });
    }

    @Override
    public Optional<float[]> findFloats(String key) {
        return array(key, "floats", GgufType::isFloat).map(value -> {
            float[] floats = new float[value.count()];
            for (int i = 0; i < floats.length; i++) {
                floats[i] = (float)
                        floatAt(value.type(), value.at() + i * value.type().bytes());
            }
            return floats;
        });
    }

    @Override
    public String string(String key) {
        return findString(key).orElseThrow(() -> absent(key, "a string"));
    }

    @Override
    public long integer(String key) {
        return findLong(key).orElseThrow(() -> absent(key, "an integer"));
    }

    @Override
    public int integer(String key, int absent, int min, int max) {
        OptionalLong value = findLong(key);
        if (value.isEmpty()) {
            return absent;
        }
        if (value.getAsLong() < min || value.getAsLong() > max) {
            throw malformed(key, "an integer from %d to %d".formatted(min, max), Long.toString(value.getAsLong()));
        }
        return (int) value.getAsLong();
    }

    @Override
    public double number(String key, double absent) {
        return findDouble(key).orElse(absent);
    }

    @Override
    public boolean bool(String key, boolean absent) {
        return findBoolean(key).orElse(absent);
    }

    /// The error for a value that is there and not as it must be.
    MalformedFile malformed(String key, String expected, String found) {
        GgufValue value = values.get(key);
        return new MalformedFile(
                path,
                value == null || !fromFile ? -1 : value.at(),
                "key %s: expected %s, found %s".formatted(FileText.quote(key), expected, found));
    }

    private MalformedFile absent(String key, String expected) {
        return malformed(key, expected, "no such key");
    }

    private Optional<GgufValue> single(String key, String expected, Predicate<GgufType> kind) {
        return find(key, expected, value -> !value.array() && kind.test(value.type()));
    }

    private Optional<GgufValue> array(String key, String elements, Predicate<GgufType> kind) {
        return find(key, "an array of " + elements, value -> value.array() && kind.test(value.type()));
    }

    private Optional<GgufValue> find(String key, String expected, Predicate<GgufValue> kind) {
        Optional<GgufValue> value = find(key);
        if (value.isPresent() && !kind.test(value.get())) {
            throw malformed(key, expected, value.get().kind());
        }
        return value;
    }

    private long checkedInteger(String key, GgufValue value) {
        long integer = integerAt(value.type(), value.at());
        if (integer < 0 && value.type() == GgufType.UINT64) {
            throw malformed(key, "an integer up to " + Long.MAX_VALUE, Long.toUnsignedString(integer));
        }
        return integer;
    }

    private long integerAt(GgufType type, int at) {
        return switch (type) {
            case UINT8, BOOL -> bytes[at] & 0xff;
            case INT8 -> bytes[at];
            case UINT16 -> GgufCursor.i16(bytes, at) & 0xffff;
            case INT16 -> GgufCursor.i16(bytes, at);
            case UINT32 -> Integer.toUnsignedLong(GgufCursor.i32(bytes, at));
            case INT32 -> GgufCursor.i32(bytes, at);
            case UINT64, INT64 -> GgufCursor.i64(bytes, at);
            case FLOAT32, FLOAT64, STRING, ARRAY -> throw new IllegalStateException(type + " is no integer");
        };
    }

    private double floatAt(GgufType type, int at) {
        return type == GgufType.FLOAT32
                ? Float.intBitsToFloat(GgufCursor.i32(bytes, at))
                : Double.longBitsToDouble(GgufCursor.i64(bytes, at));
    }

    private String text(int at) {
        return new String(bytes, at + Long.BYTES, (int) GgufCursor.i64(bytes, at), StandardCharsets.UTF_8);
    }

    /// The byte after the element at `at`.
    private int next(GgufType type, int at) {
        return type == GgufType.STRING ? at + Long.BYTES + (int) GgufCursor.i64(bytes, at) : at + type.bytes();
    }
}
