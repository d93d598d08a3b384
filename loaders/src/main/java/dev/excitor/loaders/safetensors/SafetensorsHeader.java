package dev.excitor.loaders.safetensors;

import com.fasterxml.jackson.core.JsonToken;
import dev.excitor.loaders.file.FileText;
import dev.excitor.loaders.json.JsonFile;
import dev.excitor.loaders.tensors.Dtype;
import dev.excitor.loaders.tensors.StoredTensor;
import dev.excitor.runtime.ExcitorException.MalformedFile;
import dev.excitor.runtime.ExcitorException.Unsupported;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.OptionalLong;
import java.util.SequencedMap;

/// Everything before the data of a safetensors file, read once and validated completely: every tensor lies in the file,
/// is as large as its shape and type say, and together they cover the data without a gap or an overlap.
///
/// @param path     the file
/// @param dataAt   byte of the file where the data begins
/// @param dataEnd  byte behind the last, the end of the file
/// @param tensors  in the header's order
/// @param metadata texts of `__metadata__`
record SafetensorsHeader(
        Path path, long dataAt, long dataEnd, List<Entry> tensors, SequencedMap<String, String> metadata) {

    /// @param from byte of the data where the tensor begins
    /// @param to   byte behind its last
    record Entry(String name, Dtype dtype, List<Long> shape, long from, long to) {}

    static final String METADATA = "__metadata__";

    /// The format's own limit.
    static final int MAX_HEADER = 100_000_000;

    private static final int LENGTH_BYTES = 8;
    private static final int MAX_TENSORS = 1 << 18;
    private static final int MAX_DIMENSIONS = 16;
    private static final int MAX_KEYS = 1 << 16;

    /// @throws MalformedFile when anything is not as it must be
    /// @throws Unsupported   for a type of element that is not known
    static SafetensorsHeader read(Path path, SeekableByteChannel channel) throws IOException {
        long size = channel.size();
        if (size < LENGTH_BYTES) {
            throw new MalformedFile(
                    path, 0, "expected the header's length in 8 bytes, found a file of %d bytes".formatted(size));
        }
        long length = ByteBuffer.wrap(bytes(path, channel, 0, LENGTH_BYTES))
                .order(ByteOrder.LITTLE_ENDIAN)
                .getLong();
        if (length < 2 || length > Math.min(MAX_HEADER, size - LENGTH_BYTES)) {
            throw new MalformedFile(
                    path,
                    0,
                    "the header's length: expected 2 to %d bytes, found %s"
                            .formatted(Math.min(MAX_HEADER, size - LENGTH_BYTES), Long.toUnsignedString(length)));
        }
        byte[] text = bytes(path, channel, LENGTH_BYTES, (int) length);
        if (text[0] != '{') {
            throw new MalformedFile(
                    path, LENGTH_BYTES, "expected a header that begins with '{', found byte %02x".formatted(text[0]));
        }
        try (JsonFile json = JsonFile.of(path, LENGTH_BYTES, text)) {
            return new Parser(json, size - LENGTH_BYTES - length).header(path, LENGTH_BYTES + length, size);
        }
    }

    private static byte[] bytes(Path path, SeekableByteChannel channel, long from, int count) throws IOException {
        var bytes = ByteBuffer.allocate(count);
        channel.position(from);
        while (bytes.hasRemaining()) {
            if (channel.read(bytes) < 0) {
                throw new MalformedFile(path, from + bytes.position(), "the file ends inside its header");
            }
        }
        return bytes.array();
    }

    /// Reads the JSON of one header.
    private static final class Parser {

        private final JsonFile json;
        private final long dataBytes;
        private final List<Entry> tensors = new ArrayList<>();
        private final SequencedMap<String, String> metadata = new LinkedHashMap<>();

        Parser(JsonFile json, long dataBytes) {
            this.json = json;
            this.dataBytes = dataBytes;
        }

        SafetensorsHeader header(Path path, long dataAt, long dataEnd) {
            json.expect(JsonToken.START_OBJECT, "the header");
            while (json.next() == JsonToken.FIELD_NAME) {
                String name = json.text();
                if (name.equals(METADATA)) {
                    readMetadata();
                } else {
                    readTensor(name);
                }
            }
            json.end();
            checkPlaces();
            return new SafetensorsHeader(
                    path, dataAt, dataEnd, List.copyOf(tensors), Collections.unmodifiableSequencedMap(metadata));
        }

        private void readMetadata() {
            json.expect(JsonToken.START_OBJECT, METADATA);
            while (json.next() == JsonToken.FIELD_NAME) {
                String key = json.text();
                json.expect(JsonToken.VALUE_STRING, METADATA + " " + FileText.quote(key));
                metadata.put(key, json.text());
                if (metadata.size() > MAX_KEYS) {
                    throw json.error("expected at most %d texts in %s, found more".formatted(MAX_KEYS, METADATA));
                }
            }
        }

        private void readTensor(String name) {
            String where = "tensor " + FileText.quote(name);
            if (name.isEmpty()) {
                throw json.error("expected a tensor's name, found an empty one");
            }
            json.expect(JsonToken.START_OBJECT, where);
            if (tensors.size() == MAX_TENSORS) {
                throw json.error("expected at most %d tensors, found more".formatted(MAX_TENSORS));
            }
            Dtype dtype = null;
            List<Long> shape = null;
            List<Long> offsets = null;
            while (json.next() == JsonToken.FIELD_NAME) {
                String field = json.text();
                switch (field) {
                    case "dtype" -> dtype = readDtype(where);
                    case "shape" -> shape = readCounts(where + ", shape", MAX_DIMENSIONS);
                    case "data_offsets" -> offsets = readCounts(where + ", data_offsets", 2);
                    default ->
                        throw json.error("%s: expected dtype, shape and data_offsets, found %s"
                                .formatted(where, FileText.quote(field)));
                }
            }
            if (dtype == null || shape == null || offsets == null || offsets.size() != 2) {
                throw json.error(where + ": expected a dtype, a shape and two data_offsets, found fewer");
            }
            Entry entry = new Entry(name, dtype, shape, offsets.getFirst(), offsets.getLast());
            checkSize(where, entry);
            tensors.add(entry);
        }

        private Dtype readDtype(String where) {
            json.expect(JsonToken.VALUE_STRING, where + ", dtype");
            String name = json.text();
            return Dtype.find(name)
                    .orElseThrow(() -> new Unsupported(
                            "%s: %s: the type %s".formatted(json.path(), where, FileText.quote(name)), Dtype.names()));
        }

        private List<Long> readCounts(String where, int most) {
            List<Long> counts = new ArrayList<>();
            json.expect(JsonToken.START_ARRAY, where);
            while (json.next() != JsonToken.END_ARRAY) {
                if (counts.size() == most) {
                    throw json.error("%s: expected at most %d numbers, found more".formatted(where, most));
                }
                counts.add(json.count(where));
            }
            return counts;
        }

        private void checkSize(String where, Entry entry) {
            if (entry.from > entry.to || entry.to > dataBytes) {
                throw json.error("%s: expected data_offsets in order within the %d bytes of data, found %d to %d"
                        .formatted(where, dataBytes, entry.from, entry.to));
            }
            OptionalLong bytes = StoredTensor.bytes(entry.dtype, entry.shape);
            if (bytes.isEmpty() || bytes.getAsLong() != entry.to - entry.from) {
                throw json.error("%s: expected %s bytes for %s of %s, found %d"
                        .formatted(
                                where,
                                bytes.isEmpty() ? "fewer than 2^63" : String.valueOf(bytes.getAsLong()),
                                entry.shape,
                                entry.dtype,
                                entry.to - entry.from));
            }
        }

        /// Tensors of no bytes may lie where others begin or end, and nowhere else.
        private void checkPlaces() {
            long end = 0;
            Entry before = null;
            List<Entry> inOrder = tensors.stream()
                    .sorted(Comparator.comparingLong(Entry::from).thenComparingLong(Entry::to))
                    .toList();
            for (Entry entry : inOrder) {
                if (entry.from != end) {
                    throw json.error("tensor %s: expected data from %d on, where %s ends, found %d: %s"
                            .formatted(
                                    FileText.quote(entry.name),
                                    end,
                                    before == null ? "nothing" : FileText.quote(before.name),
                                    entry.from,
                                    entry.from < end ? "they overlap" : "there is a hole"));
                }
                end = entry.to;
                before = entry;
            }
            if (end != dataBytes) {
                throw json.error("expected tensors that fill the %d bytes of data, found %d bytes of them"
                        .formatted(dataBytes, end));
            }
        }
    }
}
