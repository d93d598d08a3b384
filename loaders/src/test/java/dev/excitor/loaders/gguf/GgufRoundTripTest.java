package dev.excitor.loaders.gguf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.excitor.runtime.ExcitorException.MalformedFile;
import dev.excitor.runtime.Shape;
import dev.excitor.runtime.Tensor;
import dev.excitor.runtime.checkpoint.Checkpoint;
import dev.excitor.runtime.checkpoint.CheckpointReader;
import dev.excitor.runtime.checkpoint.CheckpointReader.Memory;
import dev.excitor.runtime.checkpoint.Metadata;
import dev.excitor.runtime.format.Format;
import dev.excitor.runtime.format.Formats;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/// What the writer writes, the reader reads back, in every version, alignment, split and memory.
class GgufRoundTripTest {

    @TempDir
    Path folder;

    private GgufWriter everyType(Path path) {
        return new GgufWriter(path)
                .uint8("u8", 255)
                .int8("i8", -128)
                .uint16("u16", 65_535)
                .int16("i16", -32_768)
                .uint32("u32", 0xffff_ffffL)
                .int32("i32", Integer.MIN_VALUE)
                .uint64("u64", Long.MAX_VALUE)
                .int64("i64", Long.MIN_VALUE)
                .float32("f32", 1.5f)
                .float64("f64", Math.PI)
                .bool("yes", true)
                .bool("no", false)
                .string("text", "Grüße, 世界 \uD83E\uDD99")
                .string("nothing", "")
                .strings("texts", List.of("a", "", "ß"))
                .byteStrings("bytes", List.of(new byte[] {(byte) 0xff, 0}, new byte[0]))
                .integers("i8s", GgufType.INT8, -1, 0, 1)
                .integers("u16s", GgufType.UINT16, 1, 65_535)
                .integers("i64s", GgufType.INT64, Long.MIN_VALUE, Long.MAX_VALUE)
                .integers("none", GgufType.UINT32)
                .floats("f32s", 1, -0f, Float.POSITIVE_INFINITY)
                .doubles("f64s", 0.1, 2)
                .bools("bools", true, false, true);
    }

    @ParameterizedTest
    @CsvSource({"2", "3"})
    void metadataOfEveryTypeComesBack(int version) throws IOException {
        Path path =
                everyType(folder.resolve("all.gguf")).version(version).write().getFirst();
        try (Checkpoint checkpoint = CheckpointReader.open(path, Memory.MAPPED)) {
            assertThat(checkpoint.description()).isEqualTo("GGUF v" + version + ", no tensors");
            assertThat(checkpoint.path()).isEqualTo(path);
            assertThat(checkpoint.tensors()).isEmpty();
            Metadata metadata = checkpoint.metadata();
            assertThat(metadata.keys()).startsWith("u8", "i8", "u16").hasSize(23);
            assertThat(metadata.integer("u8")).isEqualTo(255);
            assertThat(metadata.integer("i8")).isEqualTo(-128);
            assertThat(metadata.integer("u16")).isEqualTo(65_535);
            assertThat(metadata.integer("i16")).isEqualTo(-32_768);
            assertThat(metadata.integer("u32")).isEqualTo(0xffff_ffffL);
            assertThat(metadata.integer("i32")).isEqualTo(Integer.MIN_VALUE);
            assertThat(metadata.integer("u64")).isEqualTo(Long.MAX_VALUE);
            assertThat(metadata.integer("i64")).isEqualTo(Long.MIN_VALUE);
            assertThat(metadata.findDouble("f32")).hasValue(1.5);
            assertThat(metadata.findDouble("f64")).hasValue(Math.PI);
            assertThat(metadata.bool("yes", false)).isTrue();
            assertThat(metadata.bool("no", true)).isFalse();
            assertThat(metadata.string("text")).isEqualTo("Grüße, 世界 \uD83E\uDD99");
            assertThat(metadata.string("nothing")).isEmpty();
            assertThat(metadata.findStrings("texts").orElseThrow()).containsExactly("a", "", "ß");
            assertThat(metadata.findBytes("bytes").orElseThrow())
                    .containsExactly(new byte[] {(byte) 0xff, 0}, new byte[0]);
            assertThat(metadata.findStrings("bytes").orElseThrow()).containsExactly("\uFFFD\0", "");
            assertThat(metadata.findLongs("i8s").orElseThrow()).containsExactly(-1, 0, 1);
            assertThat(metadata.findLongs("u16s").orElseThrow()).containsExactly(1, 65_535);
            assertThat(metadata.findLongs("i64s").orElseThrow()).containsExactly(Long.MIN_VALUE, Long.MAX_VALUE);
            assertThat(metadata.findLongs("none").orElseThrow()).isEmpty();
            assertThat(metadata.findFloats("f32s").orElseThrow()).containsExactly(1, -0f, Float.POSITIVE_INFINITY);
            assertThat(metadata.findFloats("f64s").orElseThrow()).containsExactly(0.1f, 2);
            assertThat(metadata.describe("bools")).isEqualTo("3 bool: [true, false, true]");
            assertThat(metadata.describe("i64s")).isEqualTo("2 int64: [-9223372036854775808, 9223372036854775807]");
            assertThat(metadata.describe("texts")).isEqualTo("3 string: ['a', '', 'ß']");
            assertThat(metadata.describe("f32")).isEqualTo("1.5");
        }
    }

    @Test
    void lookUpsOfAnotherKindNameFileKeyAndBothKinds() throws IOException {
        Path path = everyType(folder.resolve("kinds.gguf")).write().getFirst();
        try (Checkpoint checkpoint = CheckpointReader.open(path, Memory.MAPPED)) {
            Metadata metadata = checkpoint.metadata();
            assertThatThrownBy(() -> metadata.findFloats("i8s"))
                    .isInstanceOf(MalformedFile.class)
                    .hasMessageStartingWith(path + ", byte ")
                    .hasMessageEndingWith("key 'i8s': expected an array of floats, found an array of 3 int8");
            assertThatThrownBy(() -> metadata.findLong("f32"))
                    .hasMessageEndingWith("key 'f32': expected an integer, found a float32");
            assertThatThrownBy(() -> metadata.findDouble("u32"))
                    .hasMessageEndingWith("key 'u32': expected a float, found a uint32");
            assertThatThrownBy(() -> metadata.findString("texts"))
                    .hasMessageEndingWith("key 'texts': expected a string, found an array of 3 string");
            assertThatThrownBy(() -> metadata.findStrings("text"))
                    .hasMessageEndingWith("key 'text': expected an array of strings, found a string");
            assertThatThrownBy(() -> metadata.findBoolean("u8"))
                    .hasMessageEndingWith("key 'u8': expected a bool, found a uint8");
            assertThatThrownBy(() -> metadata.findLongs("bools"))
                    .hasMessageEndingWith("key 'bools': expected an array of integers, found an array of 3 bool");
            assertThatThrownBy(() -> metadata.integer("u8", 0, 0, 254))
                    .hasMessageEndingWith("key 'u8': expected an integer from 0 to 254, found 255");
            assertThatThrownBy(() -> metadata.string("absent"))
                    .isInstanceOf(MalformedFile.class)
                    .hasMessage(path + ": key 'absent': expected a string, found no such key");
            assertThat(metadata.findString("absent")).isEmpty();
            assertThat(metadata.findLong("absent")).isEmpty();
            assertThat(metadata.integer("absent", 7, 0, 9)).isEqualTo(7);
            assertThat(metadata.number("absent", 0.5)).isEqualTo(0.5);
            assertThat(metadata.bool("absent", true)).isTrue();
        }
    }

    @Test
    void unsignedIntegersBeyondLongAreRefusedAndShown() throws IOException {
        byte[] bytes = new GgufBytes()
                .raw(GgufHeader.MAGIC)
                .i32(3)
                .i64(0)
                .i64(2)
                .string("one")
                .type(GgufType.UINT64)
                .i64(-1)
                .string("many")
                .type(GgufType.ARRAY)
                .type(GgufType.UINT64)
                .i64(1)
                .i64(-2)
                .toArray();
        Path path = Files.write(folder.resolve("u64.gguf"), bytes);
        try (Checkpoint checkpoint = CheckpointReader.open(path, Memory.MAPPED)) {
            Metadata metadata = checkpoint.metadata();
            assertThat(metadata.describe("one")).isEqualTo("18446744073709551615");
            assertThatThrownBy(() -> metadata.findLong("one"))
                    .isInstanceOf(MalformedFile.class)
                    .hasMessageEndingWith("expected an integer up to 9223372036854775807, found 18446744073709551615");
            assertThatThrownBy(() -> metadata.findLongs("many"))
                    .isInstanceOf(MalformedFile.class)
                    .hasMessageEndingWith("found 18446744073709551614");
        }
    }

    @ParameterizedTest
    @EnumSource(Memory.class)
    void tensorsOfEveryFormatComeBack(Memory memory) throws IOException {
        for (int alignment : new int[] {8, 32, 4096}) {
            Path path = folder.resolve("tensors-%s-%d.gguf".formatted(memory, alignment));
            long seed = alignment;
            try (Arena arena = Arena.ofConfined()) {
                List<Tensor> written = randomTensors(arena, seed);
                var writer = new GgufWriter(path).alignment(alignment).string("general.architecture", "llama");
                written.forEach(writer::tensor);
                assertThat(writer.write()).containsExactly(path);
                try (Checkpoint checkpoint = CheckpointReader.open(path, memory)) {
                    checkpoint.checkUnchanged();
                    assertSame(checkpoint, written);
                    for (Tensor tensor : checkpoint.tensors()) {
                        assertThat(tensor.data().isReadOnly()).isTrue();
                        assertThat(tensor.data().isNative()).isTrue();
                        assertThat(tensor.data().address() % Math.min(alignment, 32))
                                .isZero();
                    }
                }
            }
        }
    }

    @ParameterizedTest
    @EnumSource(Memory.class)
    void splitsComeBackFromAnyPart(Memory memory) throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            List<Tensor> written = randomTensors(arena, 1);
            var writer = new GgufWriter(folder.resolve("big.gguf"))
                    .split(3)
                    .alignment(64)
                    .string("general.name", "big");
            written.forEach(writer::tensor);
            List<Path> parts = writer.write();
            int count = Math.ceilDiv(written.size(), 3);
            assertThat(parts).hasSize(count);
            assertThat(parts.getLast().getFileName()).hasToString("big-%05d-of-%05d.gguf".formatted(count, count));
            for (Path part : parts) {
                try (Checkpoint checkpoint = CheckpointReader.open(part, memory)) {
                    assertThat(checkpoint.path()).isEqualTo(parts.getFirst());
                    assertThat(checkpoint.description()).startsWith("GGUF v3, %d files, ".formatted(count));
                    assertThat(checkpoint.metadata().string("general.name")).isEqualTo("big");
                    checkpoint.checkUnchanged();
                    assertSame(checkpoint, written);
                }
            }
        }
    }

    @Test
    void rowsAreAskedForInOrderAndInBoundedPieces() throws IOException {
        int rows = 3_000;
        int cols = 1_024;
        Path path = folder.resolve("rows.gguf");
        int[] next = {0};
        new GgufWriter(path)
                .tensor("w", Formats.of("F32"), new Shape(rows, cols), (from, count, target) -> {
                    assertThat(from).isEqualTo(next[0]);
                    assertThat(target.byteSize()).isEqualTo(count * 4L * cols).isLessThanOrEqualTo(4 << 20);
                    next[0] += count;
                    for (int i = 0; i < count * cols; i++) {
                        target.setAtIndex(ValueLayout.JAVA_FLOAT, i, (float) from * cols + i);
                    }
                })
                .write();
        assertThat(next[0]).isEqualTo(rows);
        try (Checkpoint checkpoint = CheckpointReader.open(path, Memory.MAPPED)) {
            MemorySegment data = checkpoint.find("w").orElseThrow().data();
            for (long i : new long[] {0, cols, 1_048_575, 1_048_576, (long) rows * cols - 1}) {
                assertThat(data.getAtIndex(ValueLayout.JAVA_FLOAT, i)).isEqualTo((float) i);
            }
        }
    }

    @Test
    void copiedKeysKeepTheirBytes() throws IOException {
        Path from = everyType(folder.resolve("from.gguf")).alignment(64).write().getFirst();
        Path to = new GgufWriter(folder.resolve("to.gguf"))
                .string("first", "here")
                .copy(from, key -> !key.equals("u8"))
                .write()
                .getFirst();
        try (Checkpoint a = CheckpointReader.open(from, Memory.MAPPED);
                Checkpoint b = CheckpointReader.open(to, Memory.MAPPED)) {
            assertThat(b.metadata().keys()).startsWith("first", "i8").doesNotContain("u8", "general.alignment");
            for (String key : b.metadata().keys()) {
                if (!key.equals("first")) {
                    assertThat(b.metadata().describe(key))
                            .isEqualTo(a.metadata().describe(key));
                }
            }
            assertThat(b.metadata().findBytes("bytes").orElseThrow().getFirst()).containsExactly(0xff, 0);
        }
    }

    @Test
    void aFileAppearsOnlyWhenComplete() throws IOException {
        Path path = Files.writeString(folder.resolve("old.gguf"), "old");
        var writer = new GgufWriter(path).tensor("w", Formats.of("F32"), Shape.vector(4), (from, rows, target) -> {
            throw new IllegalStateException("no data");
        });
        assertThatThrownBy(writer::write).isInstanceOf(IllegalStateException.class);
        assertThat(path).hasContent("old");
        try (var files = Files.list(folder)) {
            assertThat(files).containsExactly(path);
        }
    }

    @Test
    void theWriterRefusesWhatNoReaderCouldRead() {
        var writer = new GgufWriter(folder.resolve("x.gguf")).uint8("a", 1);
        assertThatThrownBy(() -> writer.uint8("a", 1)).hasMessage("key a was given twice");
        assertThatThrownBy(() -> writer.uint8("b", 256)).hasMessage("key b: 256 does not fit uint8");
        assertThatThrownBy(() -> writer.integers("b", GgufType.INT8, 128)).hasMessage("key b: 128 does not fit int8");
        assertThatThrownBy(() -> writer.integers("b", GgufType.STRING, 1))
                .hasMessage("key b: string is no integer type");
        assertThatThrownBy(() -> writer.string("", "x")).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> writer.uint32("general.alignment", 64)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> writer.alignment(24)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> writer.version(4)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> writer.split(0)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> writer.tensor("t", Formats.of("Q4_0"), Shape.vector(33), MemorySegment.NULL))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> writer.tensor("t".repeat(64), Formats.of("F32"), Shape.vector(1), (f, r, t) -> {}))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void filesAreRecognisedByMagicOrName() throws IOException {
        var reader = new GgufReader();
        assertThat(reader.formatName()).isEqualTo("GGUF");
        assertThat(reader.recognises(Files.write(folder.resolve("a"), "GGUF".getBytes(StandardCharsets.UTF_8))))
                .isTrue();
        assertThat(reader.recognises(Files.write(folder.resolve("b"), "FUGG....".getBytes(StandardCharsets.UTF_8))))
                .isTrue();
        assertThat(reader.recognises(Files.write(folder.resolve("c.gguf"), new byte[0])))
                .isTrue();
        assertThat(reader.recognises(Files.write(folder.resolve("d"), new byte[] {'G'})))
                .isFalse();
        assertThat(reader.recognises(folder)).isFalse();
        assertThat(reader.recognises(folder.resolve("absent.gguf"))).isFalse();
    }

    private static List<Tensor> randomTensors(Arena arena, long seed) {
        var random = new Random(seed);
        return Formats.all().stream()
                .flatMap(format -> List.of(new Shape(1, 1), new Shape(3, 1), new Shape(5, 2)).stream()
                        .map(blocks -> randomTensor(arena, random, format, blocks)))
                .toList();
    }

    private static Tensor randomTensor(Arena arena, Random random, Format format, Shape blocks) {
        var shape = new Shape(blocks.rows(), blocks.cols() * format.blockSize());
        byte[] bytes = new byte[(int) format.bytes(shape)];
        random.nextBytes(bytes);
        MemorySegment data = arena.allocate(bytes.length, 8).copyFrom(MemorySegment.ofArray(bytes));
        return new Tensor("%s.%s".formatted(format.name(), shape), format, shape, data);
    }

    private static void assertSame(Checkpoint checkpoint, List<Tensor> written) {
        assertThat(checkpoint.tensors()).hasSize(written.size());
        for (Tensor tensor : written) {
            Tensor read = checkpoint.find(tensor.name()).orElseThrow();
            assertThat(read.format()).isSameAs(tensor.format());
            assertThat(read.shape()).isEqualTo(tensor.shape());
            assertThat(read.data().mismatch(tensor.data()))
                    .as("first byte in which %s differs", tensor.name())
                    .isEqualTo(-1);
        }
        assertThat(checkpoint.tensors().stream().map(Tensor::name))
                .containsExactlyElementsOf(written.stream().map(Tensor::name).toList());
    }
}
