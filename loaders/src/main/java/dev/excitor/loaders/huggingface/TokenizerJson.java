package dev.excitor.loaders.huggingface;

import com.fasterxml.jackson.core.JsonToken;
import dev.excitor.loaders.file.FileText;
import dev.excitor.loaders.json.JsonFile;
import dev.excitor.loaders.json.JsonObject;
import dev.excitor.runtime.ExcitorException.MalformedFile;
import dev.excitor.runtime.ExcitorException.Unsupported;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// A `tokenizer.json`, read as a stream: its largest parts, vocabulary and merges, never become trees. Of the kinds of
/// models only BPE is read.
final class TokenizerJson {

    /// Four times the largest in use.
    private static final int MAX_BYTES = 128 << 20;

    private static final int MAX_MERGES = 1 << 24;

    /// A token that was added to the vocabulary.
    ///
    /// @param special whether it is a control token, and not text
    record Added(int id, String content, boolean special) {}

    /// Two tokens that become one.
    record Merge(String left, String right) {}

    private final JsonFile json;
    private final int size;
    private final Map<String, Integer> vocabulary = new HashMap<>();
    private final String[] tokens;
    private final List<Merge> merges = new ArrayList<>();
    private final List<Added> added = new ArrayList<>();
    private final Map<String, JsonObject> parts = new LinkedHashMap<>();
    private boolean byteFallback;
    private boolean ignoreMerges;
    private Optional<String> unknown = Optional.empty();

    private TokenizerJson(JsonFile json, int size) {
        this.json = json;
        this.size = size;
        this.tokens = new String[size];
    }

    /// @param size tokens of the model; an id beyond them is an error
    /// @throws MalformedFile when the file is not as it must be
    /// @throws Unsupported   for another kind of vocabulary, by name
    static TokenizerJson read(Path path, int size) {
        try (JsonFile json = JsonFile.open(path, MAX_BYTES)) {
            return read(json, size);
        }
    }

    static TokenizerJson read(JsonFile json, int size) {
        var tokenizer = new TokenizerJson(json, size);
        tokenizer.read();
        return tokenizer;
    }

    Path path() {
        return json.path();
    }

    /// Each token's text by its id, null where nobody has one.
    String[] tokens() {
        return tokens;
    }

    /// The id of a token's text.
    Optional<Integer> id(String token) {
        return Optional.ofNullable(vocabulary.get(token));
    }

    List<Merge> merges() {
        return merges;
    }

    List<Added> added() {
        return added;
    }

    /// Whether what is no token becomes tokens of its bytes.
    boolean byteFallback() {
        return byteFallback;
    }

    /// Whether a word that is a token becomes it, whatever the merges say.
    boolean ignoreMerges() {
        return ignoreMerges;
    }

    /// The token for what cannot be expressed.
    Optional<String> unknown() {
        return unknown;
    }

    /// `normalizer`, `pre_tokenizer` or `post_processor`; a sequence in it is not yet taken apart.
    Optional<JsonObject> part(String name) {
        return Optional.ofNullable(parts.get(name));
    }

    /// The elements of such a part in order: one, or those of a sequence.
    ///
    /// @param list what a sequence calls its elements
    List<JsonObject> steps(String part, String list) {
        return part(part).map(object -> steps(object, list, 0)).orElse(List.of());
    }

    private List<JsonObject> steps(JsonObject object, String list, int depth) {
        if (!object.string("type").equals("Sequence")) {
            return List.of(object);
        }
        if (depth == 4) {
            throw object.malformed("type", "a sequence of at most 4 sequences", "more of them");
        }
        return object.objects(list).stream()
                .flatMap(element -> steps(element, list, depth + 1).stream())
                .toList();
    }

    private void read() {
        json.expect(JsonToken.START_OBJECT, "the tokenizer");
        boolean model = false;
        while (json.next() == JsonToken.FIELD_NAME) {
            String field = json.text();
            json.next();
            switch (field) {
                case "model" -> {
                    readModel();
                    model = true;
                }
                case "added_tokens" -> readAdded();
                case "normalizer", "pre_tokenizer", "post_processor" -> {
                    if (json.token() != JsonToken.VALUE_NULL) {
                        parts.put(field, json.object(field));
                    }
                }
                default -> json.skip();
            }
        }
        json.end();
        if (!model) {
            throw new MalformedFile(path(), -1, "field model: expected an object, found no such field");
        }
        added.forEach(token -> put(token.content(), token.id(), "added_tokens"));
        checkMerges();
    }

    private void readModel() {
        json.require(JsonToken.START_OBJECT, "model");
        while (json.next() == JsonToken.FIELD_NAME) {
            String field = json.text();
            String where = "model." + field;
            json.next();
            switch (field) {
                case "type" -> {
                    json.require(JsonToken.VALUE_STRING, where);
                    if (!json.text().equals("BPE")) {
                        throw new Unsupported(
                                "%s: %s = %s".formatted(path(), where, FileText.quote(json.text())), List.of("BPE"));
                    }
                }
                case "vocab" -> readVocabulary();
                case "merges" -> readMerges();
                case "byte_fallback" -> byteFallback = bool(where);
                case "ignore_merges" -> ignoreMerges = bool(where);
                case "unk_token" -> {
                    if (json.token() != JsonToken.VALUE_NULL) {
                        json.require(JsonToken.VALUE_STRING, where);
                        unknown = Optional.of(json.text());
                    }
                }
                case "continuing_subword_prefix", "end_of_word_suffix" -> {
                    boolean empty =
                            json.token() == JsonToken.VALUE_NULL || json.text().isEmpty();
                    if (!empty) {
                        throw new Unsupported(path() + ": " + where, List.of("tokens without marks of their own"));
                    }
                }
                default -> json.skip();
            }
        }
    }

    private void readVocabulary() {
        json.require(JsonToken.START_OBJECT, "model.vocab");
        while (json.next() == JsonToken.FIELD_NAME) {
            String token = json.text();
            json.next();
            put(token, readId("model.vocab " + FileText.quote(token)), "model.vocab");
        }
    }

    private int readId(String where) {
        long id = json.count(where);
        if (id >= size) {
            throw json.error(
                    "%s: expected an id below the %d tokens of the model, found %d".formatted(where, size, id));
        }
        return (int) id;
    }

    private void put(String token, int id, String where) {
        String other = tokens[id];
        if (other != null && !other.equals(token)) {
            throw new MalformedFile(
                    path(),
                    -1,
                    "%s: expected one token of id %d, found %s and %s"
                            .formatted(where, id, FileText.quote(other), FileText.quote(token)));
        }
        Integer before = vocabulary.putIfAbsent(token, id);
        if (before != null && before != id) {
            throw new MalformedFile(
                    path(),
                    -1,
                    "%s: expected one id of token %s, found %d and %d"
                            .formatted(where, FileText.quote(token), before, id));
        }
        tokens[id] = token;
    }

    /// Each is `"left right"` or, in newer files, `["left", "right"]`.
    private void readMerges() {
        json.require(JsonToken.START_ARRAY, "model.merges");
        while (json.next() != JsonToken.END_ARRAY) {
            String where = "model.merges[%d]".formatted(merges.size());
            if (merges.size() == MAX_MERGES) {
                throw json.error("model.merges: expected at most %d, found more".formatted(MAX_MERGES));
            }
            if (json.token() == JsonToken.START_ARRAY) {
                json.expect(JsonToken.VALUE_STRING, where);
                String left = json.text();
                json.expect(JsonToken.VALUE_STRING, where);
                merges.add(new Merge(left, json.text()));
                json.expect(JsonToken.END_ARRAY, where);
            } else {
                json.require(JsonToken.VALUE_STRING, where);
                String pair = json.text();
                int space = pair.indexOf(' ', 1);
                if (space < 0 || pair.indexOf(' ', space + 1) >= 0 || space == pair.length() - 1) {
                    throw json.error("%s: expected two tokens with a space between them, found %s"
                            .formatted(where, FileText.quote(pair)));
                }
                merges.add(new Merge(pair.substring(0, space), pair.substring(space + 1)));
            }
        }
    }

    private void checkMerges() {
        for (int i = 0; i < merges.size(); i++) {
            Merge merge = merges.get(i);
            for (String token : List.of(merge.left(), merge.right(), merge.left() + merge.right())) {
                if (!vocabulary.containsKey(token)) {
                    throw new MalformedFile(
                            path(),
                            -1,
                            "model.merges[%d]: expected two tokens that make a third, found %s, which is none"
                                    .formatted(i, FileText.quote(token)));
                }
            }
        }
    }

    private void readAdded() {
        json.require(JsonToken.START_ARRAY, "added_tokens");
        while (json.next() != JsonToken.END_ARRAY) {
            JsonObject token = json.object("added_tokens[%d]".formatted(added.size()));
            String content = token.string("content");
            if (content.isEmpty()) {
                throw token.malformed("content", "a text", "an empty one");
            }
            added.add(new Added(
                    token.integer("id", 0, size - 1),
                    content,
                    token.findBoolean("special").orElse(false)));
        }
    }

    private boolean bool(String where) {
        if (json.token() == JsonToken.VALUE_NULL) {
            return false;
        }
        if (json.token() != JsonToken.VALUE_TRUE && json.token() != JsonToken.VALUE_FALSE) {
            throw json.error(where + ": expected true or false, found something else");
        }
        return json.token() == JsonToken.VALUE_TRUE;
    }
}
