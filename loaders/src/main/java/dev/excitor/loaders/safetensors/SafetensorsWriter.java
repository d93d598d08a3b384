package dev.excitor.loaders.safetensors;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import dev.excitor.loaders.tensors.Dtype;
import dev.excitor.loaders.tensors.StoredTensor;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;

/// Writes safetensors files: texts and tensors in the order they were given.
///
/// ```java
/// new SafetensorsWriter(path)
///         .metadata("adapter.type", "excitor")
///         .tensor("blk.0.excitor.gate", Dtype.F32, List.of(1L, 4L), data)
///         .write();
/// ```
///
/// A file appears under its name when it is complete, never before, and replaces one that is there. The header is
/// padded so that the data begins at a multiple of 64 bytes.
public final class SafetensorsWriter {

    private static final int ALIGNMENT = 64;
    private static final int WRITTEN_AT_ONCE = 8 << 20;

    private final Path path;
    private final SequencedMap<String, String> metadata = new LinkedHashMap<>();
    private final List<StoredTensor> tensors = new ArrayList<>();

    /// @param path where the file shall be
    public SafetensorsWriter(Path path) {
        this.path = path;
    }

    /// A text for the file's `__metadata__`.
    public SafetensorsWriter metadata(String key, String text) {
        if (metadata.putIfAbsent(key, text) != null) {
            throw new IllegalArgumentException("the key %s was given twice".formatted(key));
        }
        return this;
    }

    /// @param shape extents, outermost first
    /// @param data  the elements, row-major, little-endian; read when the file is written
    /// @throws dev.excitor.runtime.ExcitorException.Mismatch when the data is not as large as shape and type demand
    public SafetensorsWriter tensor(String name, Dtype dtype, List<Long> shape, MemorySegment data) {
        if (name.isEmpty()
                || name.equals(SafetensorsHeader.METADATA)
                || tensors.stream().anyMatch(tensor -> tensor.name().equals(name))) {
            throw new IllegalArgumentException("a tensor cannot be named '%s', or not twice".formatted(name));
        }
        tensors.add(new StoredTensor(name, dtype, shape, data));
        return this;
    }

    public void write() throws IOException {
        Path unfinished = path.resolveSibling("%s.%x.part".formatted(path.getFileName(), System.nanoTime()));
        try {
            try (var channel = FileChannel.open(unfinished, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
                write(channel);
            }
            Files.move(unfinished, path, StandardCopyOption.ATOMIC_MOVE);
        } finally {
            Files.deleteIfExists(unfinished);
        }
    }

    /// Writes the file into an open channel, which stays open; the path is not touched.
    public void write(WritableByteChannel channel) throws IOException {
        writeFully(channel, header());
        for (StoredTensor tensor : tensors) {
            long bytes = tensor.data().byteSize();
            for (long at = 0; at < bytes; at += WRITTEN_AT_ONCE) {
                long count = Math.min(WRITTEN_AT_ONCE, bytes - at);
                writeFully(channel, tensor.data().asSlice(at, count).asByteBuffer());
            }
        }
    }

    private ByteBuffer header() throws IOException {
        var text = new ByteArrayOutputStream();
        try (JsonGenerator json = new JsonFactory().createGenerator(text)) {
            json.writeStartObject();
            if (!metadata.isEmpty()) {
                json.writeObjectFieldStart(SafetensorsHeader.METADATA);
                for (var entry : metadata.entrySet()) {
                    json.writeStringField(entry.getKey(), entry.getValue());
                }
                json.writeEndObject();
            }
            long at = 0;
            for (StoredTensor tensor : tensors) {
                json.writeObjectFieldStart(tensor.name());
                json.writeStringField("dtype", tensor.dtype().name());
                json.writeArrayFieldStart("shape");
                for (long extent : tensor.shape()) {
                    json.writeNumber(extent);
                }
                json.writeEndArray();
                json.writeArrayFieldStart("data_offsets");
                json.writeNumber(at);
                at += tensor.data().byteSize();
                json.writeNumber(at);
                json.writeEndArray();
                json.writeEndObject();
            }
            json.writeEndObject();
        }
        while ((text.size() + Long.BYTES) % ALIGNMENT != 0) {
            text.write(' ');
        }
        return ByteBuffer.allocate(Long.BYTES + text.size())
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(text.size())
                .put(text.toByteArray())
                .flip();
    }

    private static void writeFully(WritableByteChannel channel, ByteBuffer bytes) throws IOException {
        while (bytes.hasRemaining()) {
            channel.write(bytes);
        }
    }
}
