package dev.excitor.loaders.conversion;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.data.Percentage.withPercentage;

import dev.excitor.loaders.gguf.GgufType;
import dev.excitor.loaders.gguf.GgufWriter;
import dev.excitor.runtime.ExcitorException;
import dev.excitor.runtime.Shape;
import dev.excitor.runtime.Tensor;
import dev.excitor.runtime.checkpoint.Checkpoint;
import dev.excitor.runtime.checkpoint.CheckpointReader;
import dev.excitor.runtime.checkpoint.CheckpointReader.Memory;
import dev.excitor.runtime.format.Format;
import dev.excitor.runtime.format.Formats;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.channels.Channels;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class ConversionTest {

    private static final long SEED = 20261125;
    private static final String QUERY = "blk.0.attn_q.weight";

    @TempDir
    private Path folder;

    @Test
    void keepsMetadataAndWhatIsNoMatrix() throws IOException {
        Path source = model(
                "F32",
                writer -> writer.string("general.name", "x")
                        .byteStrings("tokenizer.ggml.tokens", List.of(new byte[] {'a'}, new byte[] {(byte) 0xff}))
                        .floats("tokenizer.ggml.scores", 1, Float.NaN)
                        .integers("odd", GgufType.INT8, -1, 1)
                        .uint32("general.file_type", 0));
        try (Checkpoint before = CheckpointReader.open(source, Memory.MAPPED);
                Checkpoint after = convert(source, options(FileType.Q4_0))) {
            for (String key : before.metadata().keys()) {
                if (!key.equals("general.file_type")) {
                    assertThat(after.metadata().describe(key))
                            .isEqualTo(before.metadata().describe(key));
                }
            }
            assertThat(after.metadata().integer("general.file_type")).isEqualTo(2);
            assertThat(after.metadata().integer("general.quantization_version")).isEqualTo(2);
            assertThat(after.tensors().stream().map(Tensor::name))
                    .containsExactly(
                            "output.weight",
                            "output_norm.weight",
                            "token_embd.weight",
                            "blk.0.attn_norm.weight",
                            QUERY,
                            "blk.0.attn_v.bias",
                            "blk.0.attn_v.weight",
                            "blk.0.ffn_down.weight",
                            "blk.10.attn_v.weight");
            assertThat(formatOf(after, QUERY)).isEqualTo("Q4_0");
            for (String kept : new String[] {"output_norm.weight", "blk.0.attn_norm.weight", "blk.0.attn_v.bias"}) {
                assertThat(bytes(after, kept)).isEqualTo(bytes(before, kept));
            }
        }
    }

    /// Whatever the number of threads and the size of the pieces, each block is what its format makes of its numbers.
    @ParameterizedTest
    @EnumSource
    void everyTypeHoldsWhatItsFormatsMakeOfTheNumbers(FileType type) throws IOException {
        Path source = model("F32", writer -> {});
        for (int threads = 1; threads <= 4; threads += 3) {
            var options = new Conversion.Options(Optional.of(type), false, false, true, threads);
            try (Checkpoint before = CheckpointReader.open(source, Memory.MAPPED);
                    Checkpoint after = convert(source, options)) {
                for (Tensor tensor : after.tensors()) {
                    assertThat(bytes(after, tensor.name()))
                            .as(tensor.name())
                            .isEqualTo(encoded(tensor.format(), numbers(before, tensor.name())));
                }
            }
        }
    }

    @Test
    void measuresTheError() throws IOException {
        Path source = model("F32", writer -> {});
        List<Conversion.Outcome> outcomes = new ArrayList<>();
        long[] wrote = new long[1];
        Conversion.Listener listener = new Conversion.Listener() {
            @Override
            public void wrote(long bytes) {
                wrote[0] += bytes;
            }

            @Override
            public void completed(Conversion.Outcome tensor) {
                outcomes.add(tensor);
            }
        };
        try (Checkpoint before = CheckpointReader.open(source, Memory.MAPPED)) {
            Conversion conversion =
                    Conversion.plan(before, new Conversion.Options(Optional.of(FileType.Q4_0), true, false, true, 2));
            var written = new ByteArrayOutputStream();
            conversion.write(Channels.newChannel(written), listener);
            assertThat(wrote[0]).isEqualTo(conversion.bytes());
            assertThat(outcomes).hasSize(before.tensors().size());
            for (Conversion.Outcome outcome : outcomes) {
                float[] numbers = numbers(before, outcome.step().tensor().name());
                Format format = outcome.step().target();
                float[] decoded = new float[numbers.length];
                format.decode(MemorySegment.ofArray(encoded(format, numbers)), 0, decoded, 0, numbers.length);
                double errors = 0;
                double squares = 0;
                for (int i = 0; i < numbers.length; i++) {
                    errors += Math.pow((double) decoded[i] - numbers[i], 2);
                    squares += Math.pow(numbers[i], 2);
                }
                assertThat(outcome.error()).isCloseTo(Math.sqrt(errors / numbers.length), withPercentage(1e-9));
                assertThat(outcome.relative()).isCloseTo(Math.sqrt(errors / squares), withPercentage(1e-9));
            }
        }
    }

    @Test
    void withoutATypeMatricesStayWhatTheyAre() throws IOException {
        Path source = model("Q4_K", writer -> writer.uint32("general.file_type", 15));
        var options = new Conversion.Options(Optional.empty(), false, false, false, 2);
        try (Checkpoint before = CheckpointReader.open(source, Memory.MAPPED);
                Checkpoint after = convert(source, options)) {
            assertThat(after.metadata().keys()).isEqualTo(before.metadata().keys());
            assertThat(after.tensors()).hasSameSizeAs(before.tensors());
            for (Tensor tensor : before.tensors()) {
                assertThat(formatOf(after, tensor.name()))
                        .isEqualTo(tensor.format().name());
                assertThat(bytes(after, tensor.name())).isEqualTo(bytes(before, tensor.name()));
            }
        }
    }

    /// Row i and row i + d/2 of each head become rows 2i and 2i + 1, of queries, keys and their biases only.
    @ParameterizedTest
    @ValueSource(strings = {"", "F32", "Q8_0"})
    void halvesOfHeadsBecomeNeighbours(String type) throws IOException {
        Path source = halves(new Shape(16, 4128));
        var options = new Conversion.Options(
                type.isEmpty() ? Optional.empty() : Optional.of(FileType.of(type)), true, false, false, 2);
        try (Checkpoint before = CheckpointReader.open(source, Memory.MAPPED);
                Checkpoint after = convert(source, options)) {
            assertThat(after.metadata().has("llama.rope.layout")).isFalse();
            for (Tensor tensor : after.tensors()) {
                float[] numbers = numbers(before, tensor.name());
                boolean vector = tensor.shape().rows() == 1;
                int rows = vector ? 32 : tensor.shape().rows();
                int cols = numbers.length / rows;
                float[] expected = numbers.clone();
                for (int row = 0; row < rows && !tensor.name().contains("attn_v"); row++) {
                    int head = row / 8 * 8;
                    int from = head + (row - head) / 2 + (row % 2 == 0 ? 0 : 4);
                    System.arraycopy(numbers, from * cols, expected, row * cols, cols);
                }
                assertThat(tensor.format().name()).isEqualTo(vector ? "F32" : type.isEmpty() ? "F16" : type);
                assertThat(bytes(after, tensor.name())).as(tensor.name()).isEqualTo(encoded(tensor.format(), expected));
            }
        }
    }

    @Test
    void rowsThatAreNoWholeHeadsCannotBeReordered() throws IOException {
        Path source = halves(new Shape(18, 32));
        assertThatThrownBy(() -> write(source, options(FileType.F16)))
                .isInstanceOf(ExcitorException.Mismatch.class)
                .hasMessageContaining("blk.0.attn_k.weight")
                .hasMessageContaining("2 heads")
                .hasMessageContaining("18 rows");
    }

    private Path halves(Shape keys) throws IOException {
        Path source = folder.resolve("halves.gguf");
        GgufWriter writer = new GgufWriter(source)
                .string("general.architecture", "llama")
                .string("llama.rope.layout", "half")
                .uint32("llama.attention.head_count", 4)
                .uint32("llama.attention.head_count_kv", 2);
        Random random = new Random(SEED);
        tensor(writer, random, "blk.0.attn_q.weight", "F16", new Shape(32, 4128));
        tensor(writer, random, "blk.0.attn_k.weight", "F16", keys);
        tensor(writer, random, "blk.0.attn_v.weight", "F16", new Shape(16, 4128));
        tensor(writer, random, "blk.0.attn_q.bias", "F16", Shape.vector(32));
        writer.write();
        return source;
    }

    @Test
    void partsBecomeOneFile() throws IOException {
        Path whole = model("F32", writer -> {});
        Path split = folder.resolve("split.gguf");
        List<Path> parts;
        try (Checkpoint model = CheckpointReader.open(whole, Memory.MAPPED)) {
            GgufWriter writer = new GgufWriter(split).split(2).copy(whole, key -> true);
            model.tensors().forEach(writer::tensor);
            parts = writer.write();
        }
        assertThat(parts).hasSizeGreaterThan(2);
        assertThat(write(parts.get(1), options(FileType.Q5_K_M))).isEqualTo(write(whole, options(FileType.Q5_K_M)));
    }

    @Test
    void quantizesAgainOnlyWhenToldTo() throws IOException {
        Path source = model("Q8_0", writer -> {});
        assertThatThrownBy(() -> convert(source, options(FileType.Q4_0)))
                .isInstanceOf(ExcitorException.Unsupported.class)
                .hasMessageContaining(source.toString())
                .hasMessageContaining("--allow-requantize")
                .hasMessageContaining("Q8_0");
        try (Checkpoint before = CheckpointReader.open(source, Memory.MAPPED);
                Checkpoint after =
                        convert(source, new Conversion.Options(Optional.of(FileType.Q4_0), true, true, false, 1))) {
            assertThat(bytes(after, QUERY)).isEqualTo(encoded(Formats.of("Q4_0"), numbers(before, QUERY)));
        }
        // What has the format already is copied.
        try (Checkpoint before = CheckpointReader.open(source, Memory.MAPPED);
                Checkpoint same = convert(source, options(FileType.Q8_0))) {
            assertThat(bytes(same, QUERY)).isEqualTo(bytes(before, QUERY));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"F16", "BF16"})
    void startsFromHalfPrecisionToo(String format) throws IOException {
        Path source = model(format, writer -> {});
        try (Checkpoint before = CheckpointReader.open(source, Memory.MAPPED);
                Checkpoint after = convert(source, options(FileType.Q6_K))) {
            assertThat(bytes(after, QUERY)).isEqualTo(encoded(Formats.of("Q6_K"), numbers(before, QUERY)));
        }
    }

    @ParameterizedTest
    @ValueSource(floats = {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY})
    void numbersThatAreNoneAreNamed(float bad) throws IOException {
        Path source = modelWith(bad);
        for (FileType type : List.of(FileType.Q4_K_S, FileType.F16, FileType.BF16, FileType.Q8_0)) {
            assertThatThrownBy(() -> write(source, options(type)))
                    .isInstanceOf(ExcitorException.NotFinite.class)
                    .hasMessageContaining("tensor blk.0.attn_q.weight, row 7, number 3")
                    .hasMessageContaining(Float.toString(bad));
        }
    }

    @Test
    void numbersBeyondTheFormatAreNamed() throws IOException {
        Path source = modelWith(-1e6f);
        for (FileType type : List.of(FileType.Q4_K_S, FileType.F16, FileType.Q8_0)) {
            assertThatThrownBy(() -> write(source, options(type)))
                    .isInstanceOf(ExcitorException.Mismatch.class)
                    .hasMessageContaining("row 7, number 3")
                    .hasMessageContaining("65504")
                    .hasMessageContaining("BF16");
        }
        assertThat(write(source, options(FileType.BF16))).isNotEmpty();
    }

    @Test
    void refusesModelsWhoseMixesItDoesNotKnow() throws IOException {
        Path falcon = folder.resolve("falcon.gguf");
        new GgufWriter(falcon).string("general.architecture", "falcon").write();
        assertThatThrownBy(() -> write(falcon, options(FileType.Q4_0)))
                .isInstanceOf(ExcitorException.Unsupported.class)
                .hasMessageContaining("falcon")
                .hasMessageContaining("llama");
        Path experts = model("F32", writer -> writer.uint32("llama.expert_count", 8));
        assertThatThrownBy(() -> write(experts, options(FileType.Q4_0)))
                .isInstanceOf(ExcitorException.Unsupported.class)
                .hasMessageContaining("experts");
        Path nameless = folder.resolve("nameless.gguf");
        new GgufWriter(nameless).string("x", "y").write();
        assertThatThrownBy(() -> write(nameless, options(FileType.Q4_0)))
                .isInstanceOf(ExcitorException.MalformedFile.class)
                .hasMessageContaining("general.architecture");
    }

    private static Conversion.Options options(FileType type) {
        return new Conversion.Options(Optional.of(type), false, false, false, 2);
    }

    private static byte[] write(Path source, Conversion.Options options) throws IOException {
        try (Checkpoint model = CheckpointReader.open(source, Memory.MAPPED)) {
            var written = new ByteArrayOutputStream();
            Conversion.plan(model, options).write(Channels.newChannel(written), Conversion.Listener.NONE);
            return written.toByteArray();
        }
    }

    private Checkpoint convert(Path source, Conversion.Options options) throws IOException {
        Path target = Files.createTempFile(folder, "converted", ".gguf");
        Files.write(target, write(source, options));
        return CheckpointReader.open(target, Memory.COPIED);
    }

    private Path modelWith(float bad) throws IOException {
        Path whole = model("F32", writer -> {});
        Path damaged = folder.resolve("damaged.gguf");
        try (Checkpoint model = CheckpointReader.open(whole, Memory.MAPPED)) {
            GgufWriter writer = new GgufWriter(damaged).copy(whole, key -> true);
            for (Tensor tensor : model.tensors()) {
                if (!tensor.name().equals(QUERY)) {
                    writer.tensor(tensor);
                    continue;
                }
                MemorySegment data =
                        Arena.ofAuto().allocate(tensor.data().byteSize()).copyFrom(tensor.data());
                data.setAtIndex(ValueLayout.JAVA_FLOAT, 7L * tensor.shape().cols() + 3, bad);
                writer.tensor(QUERY, tensor.format(), tensor.shape(), data);
            }
            writer.write();
        }
        return damaged;
    }

    /// Not in the order in which it will be written.
    private Path model(String format, Consumer<GgufWriter> more) throws IOException {
        Path file = folder.resolve("model-" + format + ".gguf");
        GgufWriter writer = new GgufWriter(file)
                .string("general.architecture", "llama")
                .uint32("llama.block_count", 11)
                .uint32("llama.attention.head_count", 8)
                .uint32("llama.attention.head_count_kv", 2);
        more.accept(writer);
        Random random = new Random(SEED);
        tensor(writer, random, "token_embd.weight", format, new Shape(40, 256));
        tensor(writer, random, "blk.10.attn_v.weight", format, new Shape(16, 256));
        tensor(writer, random, "blk.0.attn_norm.weight", "F32", Shape.vector(256));
        tensor(writer, random, QUERY, format, new Shape(96, 512));
        tensor(writer, random, "blk.0.attn_v.weight", format, new Shape(16, 256));
        tensor(writer, random, "blk.0.attn_v.bias", "F32", Shape.vector(16));
        boolean large = Formats.of(format).blockSize() == 256;
        tensor(writer, random, "blk.0.ffn_down.weight", format, new Shape(33, large ? 512 : 288));
        tensor(writer, random, "output_norm.weight", "F32", Shape.vector(256));
        tensor(writer, random, "output.weight", format, new Shape(40, 256));
        writer.write();
        return file;
    }

    private static void tensor(GgufWriter writer, Random random, String name, String formatName, Shape shape) {
        Format format = Formats.of(formatName);
        float[] numbers = new float[(int) shape.elements()];
        for (int i = 0; i < numbers.length; i++) {
            numbers[i] = (float) random.nextGaussian();
        }
        MemorySegment data = Arena.ofAuto().allocate(format.bytes(shape));
        format.encode(numbers, 0, numbers.length, data, 0);
        writer.tensor(name, format, shape, data);
    }

    private static String formatOf(Checkpoint model, String name) {
        return model.find(name).orElseThrow().format().name();
    }

    private static byte[] bytes(Checkpoint model, String name) {
        return model.find(name).orElseThrow().data().toArray(ValueLayout.JAVA_BYTE);
    }

    private static float[] numbers(Checkpoint model, String name) {
        Tensor tensor = model.find(name).orElseThrow();
        float[] numbers = new float[(int) tensor.shape().elements()];
        tensor.format().decode(tensor.data(), 0, numbers, 0, numbers.length);
        return numbers;
    }

    private static byte[] encoded(Format format, float[] numbers) {
        byte[] bytes = new byte[(int) format.rowBytes(numbers.length)];
        format.encode(numbers, 0, numbers.length, MemorySegment.ofArray(bytes), 0);
        return bytes;
    }
}
