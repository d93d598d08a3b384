package dev.excitor.loaders.json;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeType;
import dev.excitor.loaders.file.FileText;
import dev.excitor.runtime.ExcitorException.MalformedFile;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;

/// An object of a JSON file with typed look-ups. A value that is null counts as absent; one of another kind is a
/// [MalformedFile] that names the field.
///
/// @param path  the file
/// @param where the object's own name in it, empty for the outermost
/// @param node  an object
public record JsonObject(Path path, String where, JsonNode node) {

    public List<String> names() {
        List<String> names = new ArrayList<>();
        node.fieldNames().forEachRemaining(names::add);
        return names;
    }

    /// Whether the field has a value other than null.
    public boolean has(String field) {
        return node.hasNonNull(field);
    }

    public boolean isObject(String field) {
        return node.path(field).isObject();
    }

    public boolean isArray(String field) {
        return node.path(field).isArray();
    }

    public Optional<String> findString(String field) {
        return find(field, "a string", JsonNodeType.STRING).map(JsonNode::textValue);
    }

    public Optional<Boolean> findBoolean(String field) {
        return find(field, "true or false", JsonNodeType.BOOLEAN).map(JsonNode::booleanValue);
    }

    public OptionalDouble findDouble(String field) {
        Optional<JsonNode> found = find(field, "a number", JsonNodeType.NUMBER);
        return found.isEmpty()
                ? OptionalDouble.empty()
                : OptionalDouble.of(found.get().doubleValue());
    }

    /// An integer; a float without a fraction, which some writers make of one, counts.
    public OptionalLong findLong(String field) {
        Optional<JsonNode> found = find(field, "an integer", JsonNodeType.NUMBER);
        return found.isEmpty() ? OptionalLong.empty() : OptionalLong.of(integer(field, found.get()));
    }

    private long integer(String field, JsonNode number) {
        boolean whole = number.canConvertToExactIntegral() && number.canConvertToLong();
        if (!whole) {
            throw malformed(field, "an integer", number.toString());
        }
        return number.longValue();
    }

    /// An integer in a range, or `absent`.
    public int integer(String field, int absent, int min, int max) {
        OptionalLong found = findLong(field);
        if (found.isEmpty()) {
            return absent;
        }
        if (found.getAsLong() < min || found.getAsLong() > max) {
            throw malformed(field, "an integer from %d to %d".formatted(min, max), "" + found.getAsLong());
        }
        return (int) found.getAsLong();
    }

    /// An integer in a range, which must be there.
    public int integer(String field, int min, int max) {
        require(field, "an integer from %d to %d".formatted(min, max));
        return integer(field, min, min, max);
    }

    /// One integer or an array of them; none where the field is absent.
    public List<Long> integers(String field) {
        List<Long> integers = new ArrayList<>();
        if (!has(field)) {
            return integers;
        }
        JsonNode value = node.get(field);
        Iterable<JsonNode> elements = value.isArray() ? value : List.of(value);
        for (JsonNode element : elements) {
            if (!element.isNumber()) {
                throw malformed(field, "an integer, or an array of them", describe(element));
            }
            integers.add(integer(field, element));
        }
        return integers;
    }

    public String string(String field) {
        require(field, "a string");
        return findString(field).orElseThrow();
    }

    public Optional<JsonObject> findObject(String field) {
        return find(field, "an object", JsonNodeType.OBJECT).map(found -> new JsonObject(path, name(field), found));
    }

    /// The objects of an array; none where the field is absent.
    public List<JsonObject> objects(String field) {
        List<JsonObject> objects = new ArrayList<>();
        for (JsonNode element : elements(field)) {
            String name = "%s[%d]".formatted(name(field), objects.size());
            if (!element.isObject()) {
                throw new MalformedFile(
                        path, -1, "field %s: expected an object, found %s".formatted(name, describe(element)));
            }
            objects.add(new JsonObject(path, name, element));
        }
        return objects;
    }

    /// The strings of an array; none where the field is absent.
    public List<String> strings(String field) {
        List<String> strings = new ArrayList<>();
        for (JsonNode element : elements(field)) {
            if (!element.isTextual()) {
                throw malformed(field, "an array of strings", "one of " + describe(element));
            }
            strings.add(element.textValue());
        }
        return strings;
    }

    private Iterable<JsonNode> elements(String field) {
        return find(field, "an array", JsonNodeType.ARRAY)
                .map(array -> (Iterable<JsonNode>) array)
                .orElse(List.of());
    }

    private Optional<JsonNode> find(String field, String expected, JsonNodeType type) {
        if (!has(field)) {
            return Optional.empty();
        }
        JsonNode found = node.get(field);
        if (found.getNodeType() != type) {
            throw malformed(field, expected, describe(found));
        }
        return Optional.of(found);
    }

    private void require(String field, String expected) {
        if (!has(field)) {
            throw malformed(field, expected, "no such field");
        }
    }

    /// The error for a field that is not as it must be.
    public MalformedFile malformed(String field, String expected, String found) {
        return new MalformedFile(path, -1, "field %s: expected %s, found %s".formatted(name(field), expected, found));
    }

    /// A field's name with that of the object in front.
    public String name(String field) {
        return where.isEmpty() ? field : where + "." + field;
    }

    /// How a person would read a field's value.
    public String describe(String field) {
        return has(field) ? describe(node.get(field)) : "nothing";
    }

    private static String describe(JsonNode node) {
        return switch (node.getNodeType()) {
            case OBJECT -> "an object";
            case ARRAY -> "an array";
            case STRING -> FileText.quote(node.textValue());
            case NUMBER, BOOLEAN, NULL -> node.toString();
            case BINARY, MISSING, POJO -> "nothing";
        };
    }
}
