package dev.excitor.loaders.gguf;

import dev.excitor.runtime.Shape;
import dev.excitor.runtime.Tensor;
import dev.excitor.runtime.checkpoint.Metadata;
import dev.excitor.runtime.format.Format;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;
import java.util.function.Predicate;

/// Writes GGUF files: metadata and tensors in the order they were given, the data streamed, so that a file may be
/// larger than memory.
///
/// ```java
/// new GgufWriter(path)
///         .string("general.architecture", "llama")
///         .uint32("llama.block_count", 4)
///         .tensor("output_norm.weight", new F32(), Shape.vector(256), data)
///         .write();
/// ```
///
/// A file appears under its name when it is complete, never before, and replaces one that is there.
public final class GgufWriter {

    /// Makes a tensor's data on demand.
    @FunctionalInterface
    public interface Rows {
        /// @param from   the first row wanted
        /// @param rows   how many
        /// @param target native memory of just these rows, which must be filled
        void write(int from, int rows, MemorySegment target);
    }

    private static final int MAX_KEY_BYTES = 0xffff;

    /// One less than GGML's buffer for a name.
    private static final int MAX_NAME_BYTES = 63;

    private final Path path;
    private final SequencedMap<String, byte[]> values = new LinkedHashMap<>();
    private final SequencedMap<String, GgufPartWriter.Source> tensors = new LinkedHashMap<>();
    private int version = 3;
    private int alignment = GgufHeader.DEFAULT_ALIGNMENT;
    private int tensorsPerFile = Integer.MAX_VALUE;

    /// @param path where the file shall be
    public GgufWriter(Path path) {
        this.path = path;
    }

    /// @param version 2 or 3 (the default); they differ in the number only
    public GgufWriter version(int version) {
        require(version == 2 || version == 3, "the version must be 2 or 3, not " + version);
        this.version = version;
        return this;
    }

    /// Where tensors may start: at multiples of this. Recorded as `general.alignment` when it is not 32.
    ///
    /// @param alignment a power of two from 8 to 2 MiB
    public GgufWriter alignment(int alignment) {
        require(
                Integer.bitCount(alignment) == 1 && alignment >= 8 && alignment <= GgufHeader.MAX_ALIGNMENT,
                "the alignment must be a power of two from 8 to %d, not %d"
                        .formatted(GgufHeader.MAX_ALIGNMENT, alignment));
        this.alignment = alignment;
        return this;
    }

    /// Splits the tensors over files of at most so many each, named `NAME-00001-of-00003.gguf` after a path of
    /// `NAME.gguf`. The first carries the metadata.
    public GgufWriter split(int tensorsPerFile) {
        require(tensorsPerFile > 0, "a part must hold at least one tensor, not " + tensorsPerFile);
        this.tensorsPerFile = tensorsPerFile;
        return this;
    }

    public GgufWriter uint8(String key, int value) {
        return integer(key, GgufType.UINT8, value);
    }

    public GgufWriter int8(String key, int value) {
        return integer(key, GgufType.INT8, value);
    }

    public GgufWriter uint16(String key, int value) {
        return integer(key, GgufType.UINT16, value);
    }

    public GgufWriter int16(String key, int value) {
        return integer(key, GgufType.INT16, value);
    }

    public GgufWriter uint32(String key, long value) {
        return integer(key, GgufType.UINT32, value);
    }

    public GgufWriter int32(String key, int value) {
        return integer(key, GgufType.INT32, value);
    }

    public GgufWriter uint64(String key, long value) {
        return integer(key, GgufType.UINT64, value);
    }

    public GgufWriter int64(String key, long value) {
        return integer(key, GgufType.INT64, value);
    }

    public GgufWriter float32(String key, float value) {
        return value(key, GgufType.FLOAT32, new GgufBytes().i32(Float.floatToRawIntBits(value)));
    }

    public GgufWriter float64(String key, double value) {
        return value(key, GgufType.FLOAT64, new GgufBytes().i64(Double.doubleToRawLongBits(value)));
    }

    public GgufWriter bool(String key, boolean value) {
        return value(key, GgufType.BOOL, new GgufBytes().u8(value ? 1 : 0));
    }

    public GgufWriter string(String key, String value) {
        return value(key, GgufType.STRING, new GgufBytes().string(value));
    }

    /// An array of strings.
    public GgufWriter strings(String key, List<String> values) {
        return byteStrings(
                key,
                values.stream()
                        .map(value -> value.getBytes(StandardCharsets.UTF_8))
                        .toList());
    }

    /// An array of strings that need not be UTF-8, as tokens need not be.
    public GgufWriter byteStrings(String key, List<byte[]> values) {
        GgufBytes bytes = array(GgufType.STRING, values.size());
        values.forEach(bytes::string);
        return value(key, GgufType.ARRAY, bytes);
    }

    /// An array of integers.
    ///
    /// @param element an integer type that holds every value
    public GgufWriter integers(String key, GgufType element, long... values) {
        GgufBytes bytes = array(element, values.length);
        for (long value : values) {
            checkRange(key, element, value);
            bytes.integer(element, value);
        }
        return value(key, GgufType.ARRAY, bytes);
    }

    /// An array of float32.
    public GgufWriter floats(String key, float... values) {
        GgufBytes bytes = array(GgufType.FLOAT32, values.length);
        for (float value : values) {
            bytes.i32(Float.floatToRawIntBits(value));
        }
        return value(key, GgufType.ARRAY, bytes);
    }

    /// An array of float64.
    public GgufWriter doubles(String key, double... values) {
        GgufBytes bytes = array(GgufType.FLOAT64, values.length);
        for (double value : values) {
            bytes.i64(Double.doubleToRawLongBits(value));
        }
        return value(key, GgufType.ARRAY, bytes);
    }

    /// An array of bools.
    public GgufWriter bools(String key, boolean... values) {
        GgufBytes bytes = array(GgufType.BOOL, values.length);
        for (boolean value : values) {
            bytes.u8(value ? 1 : 0);
        }
        return value(key, GgufType.ARRAY, bytes);
    }

    /// Copies keys of another GGUF file, values and types as they are: a vocabulary, for example. Its alignment and its
    /// place in a split are matters of that file and stay there.
    ///
    /// @throws dev.excitor.runtime.ExcitorException.MalformedFile when that file is not as it must be
    public GgufWriter copy(Path from, Predicate<String> keys) {
        try (GgufPart part = GgufPart.open(from)) {
            return copy(part.header().metadata(), keys);
        }
    }

    /// Copies keys of metadata that a reader of this module made, values and types as they are, as the other form does.
    ///
    /// @throws IllegalArgumentException when somebody else made it, whose types are not known
    public GgufWriter copy(Metadata from, Predicate<String> keys) {
        if (!(from instanceof GgufMetadata metadata)) {
            throw new IllegalArgumentException(
                    "metadata of the type %s does not tell GGUF's types".formatted(from.getClass()));
        }
        return copy(metadata, keys);
    }

    private GgufWriter copy(GgufMetadata metadata, Predicate<String> keys) {
        for (String key : metadata.keys()) {
            boolean copied = !key.equals(GgufHeader.ALIGNMENT_KEY) && !key.startsWith("split.");
            if (copied && keys.test(key)) {
                GgufValue value = metadata.find(key).orElseThrow();
                GgufBytes bytes = value.array() ? array(value.type(), value.count()) : new GgufBytes();
                value(key, value.array() ? GgufType.ARRAY : value.type(), bytes.raw(metadata.raw(value)));
            }
        }
        return this;
    }

    public GgufWriter tensor(Tensor tensor) {
        return tensor(tensor.name(), tensor.format(), tensor.shape(), tensor.data());
    }

    /// @param data `format.bytes(shape)` bytes, native; read when the file is written
    public GgufWriter tensor(String name, Format format, Shape shape, MemorySegment data) {
        require(
                data.byteSize() == format.bytes(shape),
                "tensor %s needs %d bytes, not %d".formatted(name, format.bytes(shape), data.byteSize()));
        long rowBytes = format.rowBytes(shape.cols());
        return tensor(
                name,
                format,
                shape,
                (from, rows, target) -> target.copyFrom(data.asSlice(from * rowBytes, rows * rowBytes)));
    }

    /// @param rows makes the data when the file is written, from the first row to the last
    public GgufWriter tensor(String name, Format format, Shape shape, Rows rows) {
        int bytes = name.getBytes(StandardCharsets.UTF_8).length;
        require(
                bytes > 0 && bytes <= MAX_NAME_BYTES,
                "a tensor's name has 1 to %d bytes, not the %d of %s".formatted(MAX_NAME_BYTES, bytes, name));
        require(
                shape.cols() % format.blockSize() == 0,
                "tensor %s: rows of %d are no whole %s blocks".formatted(name, shape.cols(), format.name()));
        var source = new GgufPartWriter.Source(name, format, shape, rows);
        require(tensors.putIfAbsent(name, source) == null, "tensor %s was given twice".formatted(name));
        return this;
    }

    /// Writes the file, or the files of a split.
    ///
    /// @return what was written, in order
    public List<Path> write() throws IOException {
        int count = Math.max(1, Math.ceilDiv(tensors.size(), tensorsPerFile));
        var sources = new ArrayList<>(tensors.values());
        var written = new ArrayList<Path>();
        for (int i = 0; i < count; i++) {
            int from = (int) Math.min((long) i * tensorsPerFile, sources.size());
            int to = (int) Math.min((long) from + tensorsPerFile, sources.size());
            Path target = count == 1 ? path : path.resolveSibling(GgufSplits.name(prefix(), i, count));
            writePart(target, partValues(i, count), sources.subList(from, to));
            written.add(target);
        }
        return written;
    }

    /// Writes the one file into a channel, which stays open; the path is not used, and a split cannot be written so.
    public void write(WritableByteChannel channel) throws IOException {
        require(tensors.size() <= tensorsPerFile, "a channel holds one file and not the parts of a split");
        new GgufPartWriter(channel, alignment).write(version, partValues(0, 1), List.copyOf(tensors.values()));
    }

    private String prefix() {
        String name = String.valueOf(path.getFileName());
        return name.endsWith(".gguf") ? name.substring(0, name.length() - ".gguf".length()) : name;
    }

    private SequencedMap<String, byte[]> partValues(int number, int count) {
        var partValues = new LinkedHashMap<String, byte[]>();
        if (alignment != GgufHeader.DEFAULT_ALIGNMENT) {
            put(partValues, GgufHeader.ALIGNMENT_KEY, GgufType.UINT32, alignment);
        }
        if (number == 0) {
            partValues.putAll(values);
        }
        if (count > 1) {
            put(partValues, GgufSplits.NUMBER, GgufType.UINT16, number);
            put(partValues, GgufSplits.COUNT, GgufType.UINT16, count);
            put(partValues, GgufSplits.TENSORS, GgufType.INT32, tensors.size());
        }
        return partValues;
    }

    private static void put(SequencedMap<String, byte[]> values, String key, GgufType type, long value) {
        values.put(key, new GgufBytes().type(type).integer(type, value).toArray());
    }

    private void writePart(Path target, SequencedMap<String, byte[]> partValues, List<GgufPartWriter.Source> sources)
            throws IOException {
        Path unfinished = target.resolveSibling("%s.%x.part".formatted(target.getFileName(), System.nanoTime()));
        try {
            try (var channel = FileChannel.open(unfinished, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
                new GgufPartWriter(channel, alignment).write(version, partValues, sources);
            }
            Files.move(unfinished, target, StandardCopyOption.ATOMIC_MOVE);
        } finally {
            Files.deleteIfExists(unfinished);
        }
    }

    private static GgufBytes array(GgufType element, int count) {
        return new GgufBytes().type(element).i64(count);
    }

    private GgufWriter integer(String key, GgufType type, long value) {
        checkRange(key, type, value);
        return value(key, type, new GgufBytes().integer(type, value));
    }

    private static void checkRange(String key, GgufType type, long value) {
        require(type.isInteger(), "key %s: %s is no integer type".formatted(key, type));
        require(value >= type.min() && value <= type.max(), "key %s: %d does not fit %s".formatted(key, value, type));
    }

    private GgufWriter value(String key, GgufType type, GgufBytes value) {
        int bytes = key.getBytes(StandardCharsets.UTF_8).length;
        require(bytes > 0 && bytes <= MAX_KEY_BYTES, "a key has 1 to %d bytes, not %d".formatted(MAX_KEY_BYTES, bytes));
        require(
                !key.equals(GgufHeader.ALIGNMENT_KEY) && !key.startsWith("split."),
                "key %s is written by alignment() or split()".formatted(key));
        byte[] typed = new GgufBytes().type(type).raw(value.toArray()).toArray();
        require(values.putIfAbsent(key, typed) == null, "key %s was given twice".formatted(key));
        return this;
    }

    private static void require(boolean holds, String otherwise) {
        if (!holds) {
            throw new IllegalArgumentException(otherwise);
        }
    }
}
