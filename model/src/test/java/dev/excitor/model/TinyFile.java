package dev.excitor.model;

import dev.excitor.loaders.gguf.GgufType;
import dev.excitor.loaders.gguf.GgufWriter;
import dev.excitor.loaders.safetensors.SafetensorsWriter;
import dev.excitor.loaders.tensors.Dtype;
import dev.excitor.runtime.Shape;
import dev.excitor.runtime.format.Format;
import dev.excitor.runtime.format.Formats;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

/// A GGUF file of a few thousand random numbers that tests write themselves, so that they need no files from elsewhere;
/// every key and tensor can be changed or left out before it is written.
final class TinyFile {

    private final Map<String, Object> metadata = new LinkedHashMap<>();
    private final Map<String, Shape> tensors = new LinkedHashMap<>();
    private final Map<String, Float> filled = new LinkedHashMap<>();
    private final Map<String, byte[]> starts = new LinkedHashMap<>();
    private final Random random;
    private Format format = Formats.of("F32");

    TinyFile(long seed) {
        random = new Random(seed);
    }

    /// @param value String, Long (uint32), Float, Double, Boolean, List of strings, float[] or long[] (int32)
    TinyFile set(String key, Object value) {
        metadata.put(key, value);
        return this;
    }

    TinyFile remove(String key) {
        metadata.remove(key);
        return this;
    }

    TinyFile tensor(String name, int rows, int cols) {
        tensors.put(name, new Shape(rows, cols));
        return this;
    }

    TinyFile without(String tensor) {
        tensors.remove(tensor);
        return this;
    }

    /// All numbers of one tensor are the same.
    TinyFile fill(String tensor, float value) {
        filled.put(tensor, value);
        return this;
    }

    /// A tensor's data begins with these bytes: a block with a scale of one's own.
    TinyFile begin(String tensor, int... bytes) {
        byte[] start = new byte[bytes.length];
        for (int i = 0; i < bytes.length; i++) {
            start[i] = (byte) bytes[i];
        }
        starts.put(tensor, start);
        return this;
    }

    /// The format of matrices; vectors stay F32.
    TinyFile format(String name) {
        format = Formats.of(name);
        return this;
    }

    Path write(Path path) {
        GgufWriter writer = new GgufWriter(path);
        metadata.forEach((key, value) -> put(writer, key, value));
        try (Arena arena = Arena.ofConfined()) {
            tensors.forEach((name, shape) -> {
                Format own = shape.rows() == 1 ? Formats.of("F32") : format;
                MemorySegment data = arena.allocate(own.bytes(shape), 64);
                float[] numbers = numbers(name, shape);
                own.encode(numbers, 0, numbers.length, data, 0);
                byte[] start = starts.getOrDefault(name, new byte[0]);
                MemorySegment.copy(start, 0, data, ValueLayout.JAVA_BYTE, 0, start.length);
                writer.tensor(name, own, shape, data);
            });
            writer.write();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return path;
    }

    /// The same as safetensors, every value a text.
    Path writeSafetensors(Path path) {
        SafetensorsWriter writer = new SafetensorsWriter(path);
        metadata.forEach((key, value) -> writer.metadata(key, text(value)));
        tensors.forEach((name, shape) -> {
            Format own = shape.rows() == 1 ? Formats.of("F32") : format;
            MemorySegment data = MemorySegment.ofArray(new byte[Math.toIntExact(own.bytes(shape))]);
            float[] numbers = numbers(name, shape);
            own.encode(numbers, 0, numbers.length, data, 0);
            byte[] start = starts.getOrDefault(name, new byte[0]);
            MemorySegment.copy(start, 0, data, ValueLayout.JAVA_BYTE, 0, start.length);
            own.decode(data, 0, numbers, 0, numbers.length);
            List<Long> extents = List.of((long) shape.rows(), (long) shape.cols());
            byte[] bytes = new byte[Float.BYTES * numbers.length];
            ByteBuffer.wrap(bytes)
                    .order(ByteOrder.LITTLE_ENDIAN)
                    .asFloatBuffer()
                    .put(numbers);
            writer.tensor(name, Dtype.F32, extents, MemorySegment.ofArray(bytes));
        });
        try {
            writer.write();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return path;
    }

    private static String text(Object value) {
        return value instanceof long[] numbers ? Arrays.toString(numbers) : String.valueOf(value);
    }

    private float[] numbers(String name, Shape shape) {
        float[] numbers = new float[Math.toIntExact(shape.elements())];
        boolean norm = name.endsWith("norm.weight");
        for (int i = 0; i < numbers.length; i++) {
            float weight = (float) (random.nextGaussian() / Math.sqrt(shape.cols()));
            numbers[i] = filled.containsKey(name) ? filled.get(name) : norm ? 1 + weight : 2 * weight;
        }
        return numbers;
    }

    @SuppressWarnings("unchecked")
    private static void put(GgufWriter writer, String key, Object value) {
        switch (value) {
            case String text -> writer.string(key, text);
            case Long number -> writer.uint32(key, number);
            case Integer number -> writer.int32(key, number);
            case Float number -> writer.float32(key, number);
            case Double number -> writer.float64(key, number);
            case Boolean flag -> writer.bool(key, flag);
            case List<?> strings -> writer.strings(key, (List<String>) strings);
            case float[] numbers -> writer.floats(key, numbers);
            case long[] numbers -> writer.integers(key, GgufType.INT32, numbers);
            default -> throw new IllegalArgumentException(key + " = " + value);
        }
    }
}
