package dev.excitor.loaders.safetensors;

import dev.excitor.loaders.file.FileText;
import dev.excitor.runtime.ExcitorException.MalformedFile;
import dev.excitor.runtime.checkpoint.Metadata;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.SequencedMap;
import java.util.Set;
import java.util.function.Function;
import java.util.regex.Pattern;

/// Metadata all of whose values are texts, as safetensors has them: a number is its digits, an array its elements
/// between commas, in brackets or not.
final class TextMetadata implements Metadata {

    private static final int MAX_ELEMENTS = 1 << 16;
    private static final Pattern COMMA = Pattern.compile(",");

    private final Path path;
    private final SequencedMap<String, String> texts;

    TextMetadata(Path path, SequencedMap<String, String> texts) {
        this.path = path;
        this.texts = texts;
    }

    @Override
    public Set<String> keys() {
        return texts.keySet();
    }

    @Override
    public boolean has(String key) {
        return texts.containsKey(key);
    }

    @Override
    public String describe(String key) {
        return FileText.quote(string(key));
    }

    @Override
    public Optional<String> findString(String key) {
        return Optional.ofNullable(texts.get(key));
    }

    @Override
    public OptionalLong findLong(String key) {
        Optional<Long> found = parse(key, "an integer", Long::valueOf);
        return found.isEmpty() ? OptionalLong.empty() : OptionalLong.of(found.get());
    }

    @Override
    public OptionalDouble findDouble(String key) {
        Optional<Double> found = parse(key, "a number", Double::valueOf);
        return found.isEmpty() ? OptionalDouble.empty() : OptionalDouble.of(found.get());
    }

    @Override
    public Optional<Boolean> findBoolean(String key) {
        return parse(key, "true or false", text -> switch (text) {
            case "true" -> true;
            case "false" -> false;
            default -> throw new NumberFormatException(text);
        });
    }

    @Override
    public Optional<List<String>> findStrings(String key) {
        return findString(key).map(text -> elements(key, text));
    }

    @Override
    public Optional<List<byte[]>> findBytes(String key) {
        return findStrings(key)
                .map(list -> list.stream()
                        .map(text -> text.getBytes(StandardCharsets.UTF_8))
                        .toList());
    }

    @Override
    public Optional<long[]> findLongs(String key) {
        return parse(
                key,
                "integers between commas",
                text -> elements(key, text).stream().mapToLong(Long::parseLong).toArray());
    }

    @Override
    public Optional<float[]> findFloats(String key) {
        return parse(key, "numbers between commas", text -> {
            List<String> elements = elements(key, text);
            float[] floats = new float[elements.size()];
            for (int i = 0; i < floats.length; i++) {
                floats[i] = Float.parseFloat(elements.get(i));
            }
            return floats;
        });
    }

    private List<String> elements(String key, String text) {
        String stripped = text.strip();
        boolean brackets = stripped.startsWith("[") && stripped.endsWith("]") && stripped.length() > 1;
        String inner = (brackets ? stripped.substring(1, stripped.length() - 1) : stripped).strip();
        if (inner.isEmpty()) {
            return List.of();
        }
        if (inner.chars().filter(c -> c == ',').count() >= MAX_ELEMENTS) {
            throw malformed(key, "at most %d elements".formatted(MAX_ELEMENTS), "more");
        }
        return COMMA.splitAsStream(inner + ",").map(String::strip).toList();
    }

    private <T> Optional<T> parse(String key, String expected, Function<String, T> parser) {
        Optional<String> text = findString(key);
        try {
            return text.map(parser);
        } catch (NumberFormatException e) {
            throw malformed(key, expected, FileText.quote(text.orElseThrow()));
        }
    }

    @Override
    public String string(String key) {
        return findString(key).orElseThrow(() -> malformed(key, "a text", "no such key"));
    }

    @Override
    public long integer(String key) {
        return findLong(key).orElseThrow(() -> malformed(key, "an integer", "no such key"));
    }

    @Override
    public int integer(String key, int absent, int min, int max) {
        OptionalLong found = findLong(key);
        if (found.isEmpty()) {
            return absent;
        }
        if (found.getAsLong() < min || found.getAsLong() > max) {
            throw malformed(key, "an integer from %d to %d".formatted(min, max), "" + found.getAsLong());
        }
        return (int) found.getAsLong();
    }

    @Override
    public double number(String key, double absent) {
        return findDouble(key).orElse(absent);
    }

    @Override
    public boolean bool(String key, boolean absent) {
        return findBoolean(key).orElse(absent);
    }

    private MalformedFile malformed(String key, String expected, String found) {
        return new MalformedFile(
                path,
                -1,
                "%s %s: expected %s, found %s"
                        .formatted(SafetensorsHeader.METADATA, FileText.quote(key), expected, found));
    }
}
