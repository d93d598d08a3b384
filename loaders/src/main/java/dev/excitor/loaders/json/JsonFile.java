package dev.excitor.loaders.json;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.excitor.loaders.file.FileBytes;
import dev.excitor.loaders.file.FileText;
import dev.excitor.loaders.file.OpenFile;
import dev.excitor.runtime.ExcitorException.MalformedFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CoderResult;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.regex.Pattern;

/// A JSON text out of a file, as a stream of tokens: strictly JSON, no name twice in an object, nesting and lengths
/// limited, and every error a [MalformedFile] that names file and byte.
public final class JsonFile implements AutoCloseable {

    /// Bytes of a string, a chat template for example.
    public static final int MAX_STRING = 16 << 20;

    private static final int MAX_NAME = 0xffff;
    private static final int MAX_DEPTH = 32;
    private static final int MAX_NUMBER = 64;
    private static final int MAX_SHOWN = 200;
    private static final Pattern PARSER_LOCATION = Pattern.compile(" ?\\(start marker at .*?\\)$");

    private static final JsonFactory FACTORY = JsonFactory.builder()
            .streamReadConstraints(StreamReadConstraints.builder()
                    .maxNestingDepth(MAX_DEPTH)
                    .maxStringLength(MAX_STRING)
                    .maxNameLength(MAX_NAME)
                    .maxNumberLength(MAX_NUMBER)
                    .build())
            .disable(JsonFactory.Feature.INTERN_FIELD_NAMES)
            .disable(JsonFactory.Feature.CANONICALIZE_FIELD_NAMES)
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .disable(StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION)
            .build();

    private static final ObjectMapper TREES = new ObjectMapper(FACTORY);

    private final Path path;
    private final long base;
    private final CharBuffer text;
    private final JsonParser parser;

    private JsonFile(Path path, long base, CharBuffer text, JsonParser parser) {
        this.path = path;
        this.base = base;
        this.text = text;
        this.parser = parser;
    }

    /// Reads a whole file.
    ///
    /// @param maxBytes more is refused before it is read
    /// @throws MalformedFile when it cannot be read, is larger, or is no UTF-8
    public static JsonFile open(Path path, int maxBytes) {
        return of(path, 0, FileBytes.read(path, maxBytes));
    }

    /// A JSON text inside a file.
    ///
    /// @param base byte of the file where the text begins
    public static JsonFile of(Path path, long base, byte[] text) {
        CharBuffer chars = decode(path, base, text);
        try {
            return new JsonFile(path, base, chars, FACTORY.createParser(chars.array(), 0, chars.limit()));
        } catch (IOException e) {
            throw OpenFile.unreadable(path, e);
        }
    }

    /// Strictly: the parser's own decoder lets overlong spellings through, and refuses sound names that spell a
    /// character as two escapes.
    private static CharBuffer decode(Path path, long base, byte[] text) {
        ByteBuffer bytes = ByteBuffer.wrap(text);
        CharBuffer chars = CharBuffer.allocate(text.length);
        CoderResult result = StandardCharsets.UTF_8.newDecoder().decode(bytes, chars, true);
        if (result.isError()) {
            throw new MalformedFile(path, base + bytes.position(), "expected text in UTF-8, found other bytes");
        }
        return chars.flip();
    }

    /// The text as one object.
    public static JsonObject readObject(Path path, int maxBytes) {
        try (JsonFile json = open(path, maxBytes)) {
            json.next();
            JsonObject object = json.object("");
            json.end();
            return object;
        }
    }

    public Path path() {
        return path;
    }

    /// Goes on to the next token; [JsonToken#NOT_AVAILABLE] behind the last.
    public JsonToken next() {
        try {
            JsonToken token = parser.nextToken();
            return token == null ? JsonToken.NOT_AVAILABLE : token;
        } catch (JsonProcessingException e) {
            throw malformed(e);
        } catch (IOException e) {
            throw OpenFile.unreadable(path, e);
        }
    }

    /// Goes on to the next token, which must be of a kind.
    ///
    /// @param where what is being read, for the error
    public void expect(JsonToken expected, String where) {
        next();
        require(expected, where);
    }

    /// Requires the current token to be of a kind.
    ///
    /// @param where what is being read, for the error
    public void require(JsonToken expected, String where) {
        JsonToken found = token();
        if (found != expected) {
            throw error("%s: expected %s, found %s".formatted(where, describe(expected), describe(found)));
        }
    }

    /// Requires that nothing but white space follows.
    public void end() {
        JsonToken found = next();
        if (found != JsonToken.NOT_AVAILABLE) {
            throw error("expected nothing after the JSON text, found " + describe(found));
        }
    }

    public JsonToken token() {
        JsonToken token = parser.currentToken();
        return token == null ? JsonToken.NOT_AVAILABLE : token;
    }

    /// The text of the current name or string.
    ///
    /// @throws MalformedFile when it holds half of a surrogate pair, which no UTF-8 can say
    public String text() {
        try {
            String text = parser.getText();
            requireText(text);
            return text;
        } catch (JsonProcessingException e) {
            throw malformed(e);
        } catch (IOException e) {
            throw OpenFile.unreadable(path, e);
        }
    }

    /// The current number, which must be an integer of 63 bits and not negative.
    ///
    /// @param where what is being read, for the error
    public long count(String where) {
        if (token() != JsonToken.VALUE_NUMBER_INT) {
            throw error("%s: expected an integer, found %s".formatted(where, describe(token())));
        }
        try {
            String digits = parser.getText();
            long value = digits.length() > 19 ? -1 : Long.parseLong(digits);
            if (value < 0) {
                throw error("%s: expected an integer from 0 to 2^63 - 1, found %s".formatted(where, digits));
            }
            return value;
        } catch (NumberFormatException e) {
            throw error("%s: expected an integer from 0 to 2^63 - 1, found a larger one".formatted(where));
        } catch (IOException e) {
            throw OpenFile.unreadable(path, e);
        }
    }

    /// The value that begins at the current token, as an object with typed look-ups.
    ///
    /// @param where its name in the file, empty for the whole
    public JsonObject object(String where) {
        if (token() != JsonToken.START_OBJECT) {
            throw error("%s: expected an object, found %s"
                    .formatted(where.isEmpty() ? "the JSON text" : where, describe(token())));
        }
        return new JsonObject(path, where, tree());
    }

    /// The value that begins at the current token, whatever it is.
    public JsonNode tree() {
        try {
            JsonNode node = TREES.readTree(parser);
            requireText(node);
            return node;
        } catch (JsonProcessingException e) {
            throw malformed(e);
        } catch (IOException e) {
            throw OpenFile.unreadable(path, e);
        }
    }

    private void requireText(JsonNode node) {
        node.fieldNames().forEachRemaining(this::requireText);
        if (node.isTextual()) {
            requireText(node.textValue());
        }
        node.forEach(this::requireText);
    }

    private void requireText(String text) {
        for (int i = 0; i < text.length(); i++) {
            if (Character.isSurrogate(text.charAt(i))) {
                if (i + 1 == text.length() || !Character.isSurrogatePair(text.charAt(i), text.charAt(i + 1))) {
                    throw error("expected text, found half of a surrogate pair in " + FileText.quote(text));
                }
                i++;
            }
        }
    }

    /// Skips the value that begins at the current token.
    public void skip() {
        try {
            parser.skipChildren();
        } catch (JsonProcessingException e) {
            throw malformed(e);
        } catch (IOException e) {
            throw OpenFile.unreadable(path, e);
        }
    }

    /// The error for what stands at the current token.
    public MalformedFile error(String what) {
        return new MalformedFile(path, at(parser.currentTokenLocation()), what);
    }

    private MalformedFile malformed(JsonProcessingException cause) {
        // Exceeded limits have no place of their own.
        JsonLocation place = cause.getLocation() == null ? parser.currentLocation() : cause.getLocation();
        var malformed = new MalformedFile(
                path,
                at(place),
                "expected JSON within limits, but: " + oneLine(String.valueOf(cause.getOriginalMessage())));
        malformed.initCause(cause);
        return malformed;
    }

    /// The parser's messages quote the file.
    private static String oneLine(String message) {
        String own = PARSER_LOCATION.matcher(message).replaceAll("");
        String shown = own.length() <= MAX_SHOWN ? own : own.substring(0, MAX_SHOWN) + "…";
        return shown.replaceAll("[\\p{Cntrl}\\p{Cs}]+", " ");
    }

    /// The byte of the file where a character lies.
    private long at(JsonLocation location) {
        int chars = Math.clamp(location.getCharOffset(), 0, text.limit());
        return base + StandardCharsets.UTF_8.encode(text.slice(0, chars)).limit();
    }

    private static String describe(JsonToken token) {
        return switch (token) {
            case START_OBJECT -> "an object";
            case START_ARRAY -> "an array";
            case END_OBJECT -> "the end of an object";
            case END_ARRAY -> "the end of an array";
            case FIELD_NAME -> "a name";
            case VALUE_STRING -> "a string";
            case VALUE_NUMBER_INT -> "an integer";
            case VALUE_NUMBER_FLOAT -> "a number with a fraction";
            case VALUE_TRUE, VALUE_FALSE -> "a bool";
            case VALUE_NULL -> "null";
            case VALUE_EMBEDDED_OBJECT, NOT_AVAILABLE -> "the end of the text";
        };
    }

    @Override
    public void close() {
        try {
            parser.close();
        } catch (IOException e) {
            throw OpenFile.unreadable(path, e);
        }
    }
}
