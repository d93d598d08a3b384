package dev.excitor.loaders.gguf;

import dev.excitor.runtime.checkpoint.Metadata;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;
import java.util.function.Consumer;

/// Puts together, under GGUF's keys and in GGUF's types, what other formats say of a model in files and words of their
/// own: the metadata that a GGUF file of the same model would have.
///
/// ```java
/// Metadata metadata = new GgufMetadataBuilder()
///         .string("general.architecture", "llama")
///         .uint32("llama.block_count", 32)
///         .build(folder);
/// ```
public final class GgufMetadataBuilder {

    private final GgufBytes bytes = new GgufBytes();
    private final SequencedMap<String, GgufValue> values = new LinkedHashMap<>();

    /// @param value from 0 to 2^32 - 1
    public GgufMetadataBuilder uint32(String key, long value) {
        requireFits(key, GgufType.UINT32, value);
        return single(key, GgufType.UINT32, target -> target.integer(GgufType.UINT32, value));
    }

    public GgufMetadataBuilder float32(String key, float value) {
        return single(key, GgufType.FLOAT32, target -> target.i32(Float.floatToRawIntBits(value)));
    }

    public GgufMetadataBuilder bool(String key, boolean value) {
        return single(key, GgufType.BOOL, target -> target.u8(value ? 1 : 0));
    }

    public GgufMetadataBuilder string(String key, String value) {
        return single(key, GgufType.STRING, target -> target.string(value));
    }

    /// An array of strings.
    public GgufMetadataBuilder strings(String key, List<String> values) {
        return byteStrings(
                key,
                values.stream()
                        .map(value -> value.getBytes(StandardCharsets.UTF_8))
                        .toList());
    }

    /// An array of strings that need not be UTF-8, as tokens need not be.
    public GgufMetadataBuilder byteStrings(String key, List<byte[]> values) {
        return value(key, GgufType.STRING, true, values.size(), target -> values.forEach(target::string));
    }

    /// An array of integers.
    ///
    /// @param element an integer type that holds every value
    public GgufMetadataBuilder integers(String key, GgufType element, long... values) {
        for (long value : values) {
            requireFits(key, element, value);
        }
        return value(key, element, true, values.length, target -> {
            for (long value : values) {
                target.integer(element, value);
            }
        });
    }

    /// An array of float32.
    public GgufMetadataBuilder floats(String key, float... values) {
        return value(key, GgufType.FLOAT32, true, values.length, target -> {
            for (float value : values) {
                target.i32(Float.floatToRawIntBits(value));
            }
        });
    }

    /// @param path the file or folder that errors about a value name
    public Metadata build(Path path) {
        return GgufMetadata.built(path, bytes.toArray(), new LinkedHashMap<>(values));
    }

    private static void requireFits(String key, GgufType type, long value) {
        if (!type.isInteger() || value < type.min() || value > type.max()) {
            throw new IllegalArgumentException("key %s: %d does not fit %s".formatted(key, value, type));
        }
    }

    private GgufMetadataBuilder single(String key, GgufType type, Consumer<GgufBytes> writer) {
        return value(key, type, false, 1, writer);
    }

    private GgufMetadataBuilder value(String key, GgufType type, boolean array, int count, Consumer<GgufBytes> writer) {
        int at = bytes.size();
        writer.accept(bytes);
        if (values.putIfAbsent(key, new GgufValue(type, array, count, at, bytes.size())) != null) {
            throw new IllegalArgumentException("key %s was given twice".formatted(key));
        }
        return this;
    }
}
