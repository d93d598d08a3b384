package dev.excitor.loaders.safetensors;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.excitor.loaders.tensors.Dtype;
import dev.excitor.loaders.tensors.ShardedTensorFile;
import dev.excitor.loaders.tensors.StoredTensor;
import dev.excitor.runtime.ExcitorException;
import dev.excitor.runtime.ExcitorException.FileChanged;
import dev.excitor.runtime.checkpoint.CheckpointReader.Memory;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class SafetensorsFileTest {

    @TempDir
    Path folder;

    private static MemorySegment bytes(long seed, long count) {
        byte[] bytes = new byte[(int) count];
        new Random(seed).nextBytes(bytes);
        return MemorySegment.ofArray(bytes);
    }

    private Path write(String name, String header, int data) throws IOException {
        byte[] json = header.getBytes(StandardCharsets.UTF_8);
        byte[] file = ByteBuffer.allocate(8 + json.length + data)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(json.length)
                .put(json)
                .array();
        for (int i = 0; i < data; i++) {
            file[8 + json.length + i] = (byte) i;
        }
        return Files.write(folder.resolve(name), file);
    }

    @ParameterizedTest
    @EnumSource
    void everyTypeAndTextComesBack(Memory memory) throws IOException {
        Path path = folder.resolve("every.safetensors");
        var writer = new SafetensorsWriter(path)
                .metadata("format", "pt")
                .metadata("quotes \" and \n lines", "\u2581\ud83d\ude00");
        for (Dtype dtype : Dtype.values()) {
            writer.tensor(dtype + ".1", dtype, List.of(3L, 5L), bytes(dtype.bytes(), 15L * dtype.bytes()));
            writer.tensor(dtype + ".0", dtype, List.of(), bytes(-dtype.bytes(), dtype.bytes()));
        }
        writer.tensor("none", Dtype.F32, List.of(0L, 7L), bytes(0, 0));
        writer.write();
        assertThat(folder).isDirectoryNotContaining("glob:**.part");
        try (SafetensorsFile file = SafetensorsFile.open(path, memory)) {
            assertThat(file.path()).isEqualTo(path);
            assertThat(file.metadata())
                    .containsExactly(
                            Map.entry("format", "pt"), Map.entry("quotes \" and \n lines", "\u2581\ud83d\ude00"));
            assertThat(file.tensors().keySet().stream().limit(4))
                    .as("in file order")
                    .containsExactly("BOOL.1", "BOOL.0", "U8.1", "U8.0");
            for (Dtype dtype : Dtype.values()) {
                StoredTensor matrix = file.tensors().get(dtype + ".1");
                assertThat(matrix.dtype()).isEqualTo(dtype);
                assertThat(matrix.shape()).containsExactly(3L, 5L);
                assertThat(matrix.data().mismatch(bytes(dtype.bytes(), 15L * dtype.bytes())))
                        .isEqualTo(-1);
                StoredTensor number = file.tensors().get(dtype + ".0");
                assertThat(number.shape()).isEmpty();
                assertThat(number.data().mismatch(bytes(-dtype.bytes(), dtype.bytes())))
                        .isEqualTo(-1);
            }
            assertThat(file.tensors().get("none").data().byteSize()).isZero();
            StoredTensor first = file.tensors().firstEntry().getValue();
            assertThat(first.data().isReadOnly()).isTrue();
            assertThat(first.data().address() % 64).as("the writer's alignment").isZero();
            file.checkUnchanged();
        }
    }

    @ParameterizedTest
    @EnumSource
    void whatIsInOtherFilesIsReadAsItIs(Memory memory) throws IOException {
        // A header that is not padded puts the data anywhere; tensors may be listed in any order.
        Path path = write(
                "odd.safetensors",
                "{\"b\":{\"data_offsets\":[3,11],\"shape\":[2],\"dtype\":\"F32\"},"
                        + "\"a\":{\"dtype\":\"U8\",\"shape\":[3],\"data_offsets\":[0,3]}} ",
                11);
        assertThat((Files.size(path) - 8) % 4).as("where b begins").isNotZero();
        try (SafetensorsFile file = SafetensorsFile.open(path, memory)) {
            assertThat(file.tensors().keySet()).containsExactly("b", "a");
            assertThat(file.tensors().get("b").data().toArray(ValueLayout.JAVA_BYTE))
                    .containsExactly(3, 4, 5, 6, 7, 8, 9, 10);
        }
    }

    @ParameterizedTest
    @EnumSource
    void tensorsOfNoBytesMayShareTheirPlace(Memory memory) throws IOException {
        Path path = write(
                "zero.safetensors",
                "{\"z\":{\"dtype\":\"F32\",\"shape\":[0],\"data_offsets\":[2,2]},"
                        + "\"y\":{\"dtype\":\"F32\",\"shape\":[3,0],\"data_offsets\":[2,2]},"
                        + "\"b\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[2,4]},"
                        + "\"a\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[0,2]}}",
                4);
        try (SafetensorsFile file = SafetensorsFile.open(path, memory)) {
            assertThat(file.tensors().get("z").data().byteSize()).isZero();
            assertThat(file.tensors().get("y").shape()).containsExactly(3L, 0L);
            assertThat(file.tensors().get("b").data().toArray(ValueLayout.JAVA_BYTE))
                    .containsExactly(2, 3);
        }
    }

    @ParameterizedTest
    @EnumSource
    void nothingAtAllIsAFile(Memory memory) throws IOException {
        for (String header : List.of("{}", "{\"__metadata__\":{}}", "{\"__metadata__\":{\"a\":\"\"}}   ")) {
            try (SafetensorsFile file = SafetensorsFile.open(write("e.safetensors", header, 0), memory)) {
                assertThat(file.tensors()).isEmpty();
                file.checkUnchanged();
            }
        }
    }

    @Test
    void aChangeOfAMappedFileIsNoticed() throws IOException {
        Path path = folder.resolve("a.safetensors");
        new SafetensorsWriter(path)
                .tensor("a", Dtype.U8, List.of(100_000L), bytes(1, 100_000))
                .write();
        SafetensorsFile copied = SafetensorsFile.open(path, Memory.COPIED);
        try (SafetensorsFile mapped = SafetensorsFile.open(path, Memory.MAPPED)) {
            mapped.checkUnchanged();
            try (var channel = FileChannel.open(path, StandardOpenOption.WRITE)) {
                channel.truncate(4096);
            }
            assertThatThrownBy(mapped::checkUnchanged)
                    .isInstanceOf(FileChanged.class)
                    .hasMessageContainingAll(path.toString(), "4096 bytes", "--no-mmap");
        }
        assertThatCode(copied::checkUnchanged).doesNotThrowAnyException();
        assertThat(copied.tensors().get("a").data().mismatch(bytes(1, 100_000))).isEqualTo(-1);
        copied.close();
    }

    @ParameterizedTest
    @EnumSource
    void closingEndsTheTensorsAndMayBeRepeated(Memory memory) throws IOException {
        Path path = folder.resolve("a.safetensors");
        new SafetensorsWriter(path)
                .tensor("a", Dtype.U8, List.of(9L), bytes(1, 9))
                .write();
        SafetensorsFile file = SafetensorsFile.open(path, memory);
        MemorySegment data = file.tensors().get("a").data();
        file.close();
        file.close();
        assertThatThrownBy(() -> data.get(ValueLayout.JAVA_BYTE, 0)).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(file::checkUnchanged).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void shardsAreOneFile() throws IOException {
        String[] names = {"model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"};
        new SafetensorsWriter(folder.resolve(names[0]))
                .tensor("a", Dtype.U8, List.of(9L), bytes(1, 9))
                .tensor("b", Dtype.U8, List.of(7L), bytes(2, 7))
                .write();
        new SafetensorsWriter(folder.resolve(names[1]))
                .tensor("c", Dtype.U8, List.of(5L), bytes(3, 5))
                .write();
        Path index = Files.writeString(
                folder.resolve("model.safetensors.index.json"),
                "{\"metadata\":{\"total_size\":21},\"weight_map\":{\"c\":\"%2$s\",\"b\":\"%1$s\",\"a\":\"%1$s\"}}"
                        .formatted((Object[]) names));
        try (var file =
                ShardedTensorFile.open(index, ".safetensors", shard -> SafetensorsFile.open(shard, Memory.MAPPED))) {
            assertThat(file.fileCount()).isEqualTo(2);
            assertThat(file.tensors().keySet()).containsExactlyInAnyOrder("a", "b", "c");
            assertThat(file.tensors().get("c").data().mismatch(bytes(3, 5))).isEqualTo(-1);
            file.checkUnchanged();
            Files.delete(folder.resolve(names[1]));
            assertThatThrownBy(file::checkUnchanged)
                    .isInstanceOf(FileChanged.class)
                    .hasMessageContaining(names[1]);
        }
    }

    /// A sound file cut after every byte, and every byte of its header replaced: a typed error, or a file all of which
    /// can be used.
    @Test
    void noDamageGoesUnnoticedOrDoesHarm() throws IOException {
        Path path = write(
                "sound.safetensors",
                "{\"__metadata__\":{\"k\":\"v\"},\"a\":{\"dtype\":\"F32\",\"shape\":[2,2],\"data_offsets\":[0,16]},"
                        + "\"b\":{\"dtype\":\"F16\",\"shape\":[4],\"data_offsets\":[16,24]}}",
                24);
        byte[] sound = Files.readAllBytes(path);
        Path damaged = folder.resolve("damaged.safetensors");
        for (int length = 0; length < sound.length; length++) {
            Files.write(damaged, Arrays.copyOf(sound, length));
            assertThatThrownBy(() -> SafetensorsFile.open(damaged, Memory.MAPPED))
                    .as("cut after %d bytes", length)
                    .isInstanceOf(ExcitorException.class);
        }
        for (int at = 0; at < sound.length - 24; at++) {
            for (int value : new int[] {0, 1, 0x7f, 0x80, 0xff, ' ', '"', '\\', '{', '}', '[', '9', '-', ','}) {
                byte[] bytes = sound.clone();
                bytes[at] = (byte) value;
                Files.write(damaged, bytes);
                try (SafetensorsFile file = SafetensorsFile.open(damaged, Memory.MAPPED)) {
                    for (StoredTensor tensor : file.tensors().values()) {
                        assertThat(tensor.data().toArray(ValueLayout.JAVA_BYTE))
                                .hasSize((int) tensor.data().byteSize());
                    }
                } catch (ExcitorException expected) {
                    assertThat(expected).hasMessageContaining("damaged.safetensors");
                }
            }
        }
    }

    @Test
    void whatCannotBeWrittenIsRefused() {
        var writer = new SafetensorsWriter(folder.resolve("a.safetensors")).metadata("k", "v");
        writer.tensor("a", Dtype.U8, List.of(1L), bytes(1, 1));
        assertThatThrownBy(() -> writer.metadata("k", "w")).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> writer.tensor("a", Dtype.U8, List.of(1L), bytes(1, 1)))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> writer.tensor("", Dtype.U8, List.of(1L), bytes(1, 1)))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> writer.tensor("b", Dtype.F32, List.of(1L), bytes(1, 1)))
                .isInstanceOf(ExcitorException.Mismatch.class);
    }
}
