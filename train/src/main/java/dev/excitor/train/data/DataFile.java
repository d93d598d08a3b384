package dev.excitor.train.data;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParseException;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.exc.StreamConstraintsException;
import dev.excitor.model.chat.Message;
import dev.excitor.model.chat.Role;
import dev.excitor.runtime.ExcitorException;
import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/// Reads a file of records: one JSON object a line (JSONL), or one array of objects (JSON). A record is an instruction,
/// `{"instruction": …, "input": …, "output": …}` with or without an input, or a conversation,
/// `{"messages": [{"role": "user", "content": …}, {"role": "assistant", "content": …}]}`. Other fields are ignored.
final class DataFile {

    /// Receives the records in order.
    interface Sink {
        /// @param line where it begins, from 1
        void record(int line, DataRecord data);

        /// A record that cannot be used.
        void bad(int line, String reason);
    }

    /// Longest line or string: more is a mistake, and would be held in memory.
    private static final int MOST_BYTES = 1 << 24;

    private static final int MOST_DEPTH = 64;

    private static final JsonFactory JSON = JsonFactory.builder()
            .streamReadConstraints(StreamReadConstraints.builder()
                    .maxStringLength(MOST_BYTES)
                    .maxNestingDepth(MOST_DEPTH)
                    .maxNumberLength(100)
                    .build())
            .build();

    private DataFile() {}

    /// Reads a whole file.
    ///
    /// @throws ExcitorException.MalformedFile when it cannot be read, or an array of records breaks off
    static void read(Path path, Sink sink) {
        try (InputStream in = new BufferedInputStream(Files.newInputStream(path), 1 << 16)) {
            in.mark(1 << 12);
            int first = in.read();
            for (int i = 0;
                    i < 1 << 11 && (Character.isWhitespace(first) || first == 0xef || first == 0xbb || first == 0xbf);
                    i++) {
                first = in.read();
            }
            in.reset();
            if (first == '[') {
                array(path, in, sink);
            } else {
                lines(in, sink);
            }
        } catch (IOException e) {
            throw new ExcitorException.MalformedFile(path, -1, "the training data cannot be read: " + e.getMessage());
        }
    }

    private static void lines(InputStream in, Sink sink) throws IOException {
        ByteArrayOutputStream line = new ByteArrayOutputStream();
        int number = 1;
        boolean tooLong = false;
        for (int b = in.read(); ; b = in.read()) {
            if (b >= 0 && b != '\n') {
                tooLong |= line.size() >= MOST_BYTES;
                if (!tooLong) {
                    line.write(b);
                }
                continue;
            }
            if (tooLong) {
                sink.bad(number, "the line has more than " + MOST_BYTES + " bytes");
            } else {
                line(line.toByteArray(), number, sink);
            }
            if (b < 0) {
                return;
            }
            line.reset();
            tooLong = false;
            number++;
        }
    }

    private static void line(byte[] bytes, int number, Sink sink) {
        int from = bytes.length >= 3 && number == 1 && (bytes[0] & 0xff) == 0xef ? 3 : 0; // a byte order mark
        if (new String(bytes, from, bytes.length - from, StandardCharsets.ISO_8859_1).isBlank()) {
            return;
        }
        try (JsonParser parser = JSON.createParser(bytes, from, bytes.length - from)) {
            if (parser.nextToken() != JsonToken.START_OBJECT) {
                sink.bad(number, "expected a JSON object, found " + found(parser));
                return;
            }
            DataRecord data = object(parser);
            if (parser.nextToken() != null) {
                sink.bad(number, "expected one JSON object, found something behind it");
                return;
            }
            sink.record(number, data);
        } catch (BadRecord bad) {
            sink.bad(number, bad.reason);
        } catch (IOException e) {
            sink.bad(number, "not JSON: " + reason(e));
        }
    }

    private static void array(Path path, InputStream in, Sink sink) throws IOException {
        try (JsonParser parser = JSON.createParser(in)) {
            parser.nextToken();
            int line = 1;
            try {
                while (parser.nextToken() != JsonToken.END_ARRAY) {
                    line = parser.currentTokenLocation().getLineNr();
                    element(parser, line, sink);
                }
                line = parser.currentTokenLocation().getLineNr();
                if (parser.nextToken() != null) {
                    sink.bad(line, "expected one array, found something behind it");
                }
            } catch (JsonParseException | StreamConstraintsException e) {
                // where an array is broken nobody can tell where its next record begins
                int at = e.getLocation() == null ? line : e.getLocation().getLineNr();
                throw new ExcitorException.MalformedFile(path, -1, "line %d: not JSON: %s".formatted(at, reason(e)));
            }
        }
    }

    private static void element(JsonParser parser, int line, Sink sink) throws IOException {
        if (parser.currentToken() != JsonToken.START_OBJECT) {
            sink.bad(line, "expected a JSON object, found " + found(parser));
            parser.skipChildren();
            return;
        }
        try {
            sink.record(line, object(parser));
        } catch (BadRecord bad) {
            sink.bad(line, bad.reason);
        }
    }

    /// Reads an object to its end, whatever is in it.
    private static DataRecord object(JsonParser parser) throws IOException {
        Map<String, String> texts = new HashMap<>();
        List<Message> messages = null;
        String trouble = "";
        while (parser.nextToken() != JsonToken.END_OBJECT) {
            String name = parser.currentName();
            JsonToken value = parser.nextToken();
            try {
                switch (name) {
                    case "instruction", "input", "output" -> {
                        if (value == JsonToken.VALUE_STRING) {
                            texts.put(name, parser.getText());
                        } else if (value != JsonToken.VALUE_NULL) {
                            throw new BadRecord("%s: expected a text, found %s".formatted(name, found(parser)));
                        }
                    }
                    case "messages" -> messages = messages(parser);
                    default -> parser.skipChildren();
                }
            } catch (BadRecord bad) {
                trouble = trouble.isEmpty() ? bad.reason : trouble;
                parser.skipChildren();
            }
        }
        if (!trouble.isEmpty()) {
            throw new BadRecord(trouble);
        }
        DataRecord data = record(texts, Optional.ofNullable(messages));
        if (!data.trouble().isEmpty()) {
            throw new BadRecord(data.trouble());
        }
        return data;
    }

    private static DataRecord record(Map<String, String> texts, Optional<List<Message>> messages) {
        if (messages.isPresent()) {
            return new DataRecord(messages.get(), "");
        }
        String instruction = texts.get("instruction");
        String output = texts.get("output");
        if (instruction == null || output == null) {
            throw new BadRecord("expected the fields instruction and output, or messages; %s missing"
                    .formatted(
                            instruction == null && output == null
                                    ? "all are"
                                    : (instruction == null ? "instruction" : "output") + " is"));
        }
        return DataRecord.instruction(instruction, texts.getOrDefault("input", ""), output);
    }

    private static List<Message> messages(JsonParser parser) throws IOException {
        if (parser.currentToken() != JsonToken.START_ARRAY) {
            throw new BadRecord("messages: expected an array, found " + found(parser));
        }
        List<Message> messages = new ArrayList<>();
        String trouble = "";
        while (parser.nextToken() != JsonToken.END_ARRAY) {
            if (parser.currentToken() != JsonToken.START_OBJECT) {
                trouble = "messages: expected objects, found " + found(parser);
                parser.skipChildren();
                continue;
            }
            Map<String, String> fields = new HashMap<>();
            while (parser.nextToken() != JsonToken.END_OBJECT) {
                String name = parser.currentName();
                if (parser.nextToken() == JsonToken.VALUE_STRING) {
                    fields.put(name, parser.getText());
                } else {
                    parser.skipChildren();
                }
            }
            String role = fields.get("role");
            String content = fields.get("content");
            Optional<Role> known = role == null ? Optional.empty() : role(role);
            if (known.isEmpty() || content == null) {
                trouble = known.isEmpty()
                        ? "a message's role: expected system, user or assistant, found " + role
                        : "a message's content: expected a text, found none";
            } else {
                messages.add(new Message(known.get(), content));
            }
        }
        if (!trouble.isEmpty()) {
            // the array has been read to its end
            throw new BadRecord(trouble);
        }
        return messages;
    }

    private static Optional<Role> role(String name) {
        for (Role role : Role.values()) {
            if (role.text().equals(name.toLowerCase(Locale.ROOT))) {
                return Optional.of(role);
            }
        }
        return Optional.empty();
    }

    private static String found(JsonParser parser) throws IOException {
        JsonToken token = parser.currentToken();
        if (token == null) {
            return "nothing";
        }
        return switch (token) {
            case START_OBJECT -> "an object";
            case START_ARRAY -> "an array";
            case VALUE_STRING -> "a text";
            case VALUE_NULL -> "null";
            default -> parser.getText();
        };
    }

    private static String reason(IOException e) {
        String message =
                e instanceof JsonParseException parse ? parse.getOriginalMessage() : String.valueOf(e.getMessage());
        return message.lines().findFirst().orElse("");
    }

    /// A record that is JSON and still not one of training data.
    private static final class BadRecord extends RuntimeException {
        private static final long serialVersionUID = 1L;

        private final String reason;

        BadRecord(String reason) {
            super(reason, null, false, false);
            this.reason = reason;
        }
    }
}
