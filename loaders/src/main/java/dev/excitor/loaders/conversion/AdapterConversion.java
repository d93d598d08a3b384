package dev.excitor.loaders.conversion;

import dev.excitor.loaders.gguf.GgufType;
import dev.excitor.loaders.gguf.GgufWriter;
import dev.excitor.loaders.safetensors.SafetensorsWriter;
import dev.excitor.loaders.tensors.Dtype;
import dev.excitor.runtime.ExcitorException.Unsupported;
import dev.excitor.runtime.Tensor;
import dev.excitor.runtime.checkpoint.Checkpoint;
import dev.excitor.runtime.checkpoint.Metadata;
import dev.excitor.runtime.format.Formats;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Set;

/// Writes an Excitor adapter as GGUF or as safetensors, whichever it was read from: the same tensors under the same
/// names, the same keys, as typed values in the one and as texts in the other.
public final class AdapterConversion {

    private static final String PREFIX = "adapter.excitor.";
    private static final Set<String> INTEGERS = Set.of(
            "version",
            "prompt_length",
            "rank",
            "base.block_count",
            "base.embedding_length",
            "base.head_count",
            "base.head_count_kv",
            "base.key_length");
    private static final String LAYERS = PREFIX + "layers";
    private static final String INNER_SCALE = PREFIX + "inner_scale";

    private AdapterConversion() {}

    /// The files that an adapter can be written as.
    public enum Target {
        GGUF(".gguf"),
        SAFETENSORS(".safetensors");

        private final String ending;

        Target(String ending) {
            this.ending = ending;
        }

        /// By the file's ending.
        ///
        /// @throws Unsupported for another ending
        public static Target of(Path path) {
            return Arrays.stream(values())
                    .filter(target -> path.toString().endsWith(target.ending))
                    .findFirst()
                    .orElseThrow(() -> new Unsupported(
                            "%s: an adapter in a file of this ending".formatted(path),
                            Arrays.stream(values()).map(target -> target.ending).toList()));
        }
    }

    /// Whether a checkpoint is an Excitor adapter, and no model.
    public static boolean isAdapter(Checkpoint checkpoint) {
        return checkpoint.metadata().findString("adapter.type").orElse("").equals("excitor");
    }

    /// Writes the file; the channel stays open.
    ///
    /// @throws dev.excitor.runtime.ExcitorException.MalformedFile when a setting is not of the kind it must be
    public static void write(Checkpoint adapter, Target target, WritableByteChannel channel) throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            switch (target) {
                case GGUF -> toGguf(adapter).write(channel);
                case SAFETENSORS -> toSafetensors(adapter, arena).write(channel);
            }
        }
    }

    private static GgufWriter toGguf(Checkpoint adapter) {
        Metadata metadata = adapter.metadata();
        GgufWriter writer = new GgufWriter(adapter.path());
        for (String key : metadata.keys()) {
            if (isInteger(key)) {
                writer.uint32(key, metadata.integer(key));
            } else if (key.equals(LAYERS)) {
                writer.integers(key, GgufType.UINT32, metadata.findLongs(key).orElseThrow());
            } else if (key.equals(INNER_SCALE)) {
                writer.float32(key, (float) metadata.number(key, 0));
            } else {
                writer.string(key, metadata.string(key));
            }
        }
        adapter.tensors().forEach(writer::tensor);
        return writer;
    }

    /// What kernels do not read in place, a quantized adapter, becomes F32.
    private static SafetensorsWriter toSafetensors(Checkpoint adapter, Arena arena) {
        Metadata metadata = adapter.metadata();
        SafetensorsWriter writer = new SafetensorsWriter(adapter.path());
        for (String key : metadata.keys()) {
            writer.metadata(key, text(metadata, key));
        }
        for (Tensor tensor : adapter.tensors()) {
            Dtype dtype = Dtype.find(tensor.format().name())
                    .filter(found -> found.format().isPresent())
                    .orElse(Dtype.F32);
            List<Long> shape =
                    List.of((long) tensor.shape().rows(), (long) tensor.shape().cols());
            writer.tensor(tensor.name(), dtype, shape, data(tensor, dtype, arena));
        }
        return writer;
    }

    private static MemorySegment data(Tensor tensor, Dtype dtype, Arena arena) {
        if (dtype.name().equals(tensor.format().name())) {
            return tensor.data();
        }
        float[] numbers = new float[Math.toIntExact(tensor.shape().elements())];
        tensor.format().decode(tensor.data(), 0, numbers, 0, numbers.length);
        MemorySegment data = arena.allocate(4L * numbers.length, 64);
        Formats.of("F32").encode(numbers, 0, numbers.length, data, 0);
        return data;
    }

    private static String text(Metadata metadata, String key) {
        if (isInteger(key)) {
            return Long.toString(metadata.integer(key));
        }
        if (key.equals(LAYERS)) {
            return Arrays.toString(metadata.findLongs(key).orElseThrow());
        }
        return key.equals(INNER_SCALE) ? Float.toString((float) metadata.number(key, 0)) : metadata.string(key);
    }

    private static boolean isInteger(String key) {
        return key.startsWith(PREFIX) && INTEGERS.contains(key.substring(PREFIX.length()));
    }
}
