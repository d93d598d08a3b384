package dev.excitor.loaders.pytorch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.excitor.loaders.attacks.RawPickle;
import dev.excitor.loaders.attacks.RawZip;
import dev.excitor.loaders.tensors.Dtype;
import dev.excitor.loaders.tensors.StoredTensor;
import dev.excitor.runtime.ExcitorException.MalformedFile;
import dev.excitor.runtime.ExcitorException.Unsupported;
import dev.excitor.runtime.checkpoint.CheckpointReader.Memory;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.function.LongUnaryOperator;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Files that PyTorch 1.13 itself wrote (the resources beside this class), and some that it would not.
class TorchFileTest {

    @TempDir
    Path folder;

    /// The same tensors by every protocol that torch.save can be asked for.
    @ParameterizedTest
    @ValueSource(ints = {2, 3, 4, 5})
    void everyProtocolGivesTheSameTensors(int protocol) throws IOException {
        for (Memory memory : Memory.values()) {
            try (TorchFile file = TorchFile.open(resource("protocol%d.pth".formatted(protocol)), memory)) {
                assertThat(file.tensors().keySet())
                        .containsExactly(
                                "f32",
                                "f16",
                                "bf16",
                                "f64",
                                "i64",
                                "i32",
                                "i16",
                                "i8",
                                "u8",
                                "bool",
                                "transposed",
                                "slice",
                                "row",
                                "permuted",
                                "scalar",
                                "empty",
                                "parameter");
                checkTypes(file);
                checkViews(file);
                file.checkUnchanged();
            }
        }
    }

    private static void checkTypes(TorchFile file) {
        StoredTensor f32 = file.tensors().get("f32");
        assertThat(f32.dtype()).isEqualTo(Dtype.F32);
        assertThat(f32.shape()).containsExactly(3L, 4L);
        assertThat(floats(f32)).containsExactly(-1f, -.75f, -.5f, -.25f, 0f, .25f, .5f, .75f, 1f, 1.25f, 1.5f, 1.75f);
        for (String name : List.of("f16", "bf16")) {
            StoredTensor half = file.tensors().get(name);
            assertThat(half.dtype()).isEqualTo(name.equals("f16") ? Dtype.F16 : Dtype.BF16);
            float[] decoded = new float[12];
            half.dtype().format().orElseThrow().decode(half.data(), 0, decoded, 0, 12);
            assertThat(decoded).containsExactly(floats(f32));
        }
        StoredTensor f64 = file.tensors().get("f64");
        assertThat(f64.dtype()).isEqualTo(Dtype.F64);
        assertThat(f64.data().get(ValueLayout.JAVA_DOUBLE, 8 * 11)).isEqualTo(1.75);
        var integers = List.of(Dtype.I64, Dtype.I32, Dtype.I16, Dtype.I8, Dtype.U8);
        for (Dtype dtype : integers) {
            StoredTensor tensor = file.tensors().get(dtype.name().toLowerCase(Locale.ROOT));
            assertThat(tensor.dtype()).isEqualTo(dtype);
            assertThat(tensor.data().get(ValueLayout.JAVA_BYTE, 4L * dtype.bytes()))
                    .isEqualTo((byte) 4);
        }
        assertThat(file.tensors().get("bool").data().toArray(ValueLayout.JAVA_BYTE))
                .containsExactly(1, 0, 1);
    }

    private static void checkViews(TorchFile file) {
        StoredTensor transposed = file.tensors().get("transposed");
        assertThat(transposed.shape()).containsExactly(6L, 4L);
        assertThat(floats(transposed)).containsExactly(elements(24, i -> i % 4 * 6 + i / 4));
        assertThat(floats(file.tensors().get("slice"))).containsExactly(elements(6, i -> 8 + i / 3 * 6 + i % 3));
        assertThat(floats(file.tensors().get("row"))).containsExactly(elements(6, i -> 12 + i));
        StoredTensor permuted = file.tensors().get("permuted");
        assertThat(permuted.shape()).containsExactly(4L, 2L, 3L);
        assertThat(floats(permuted)).containsExactly(elements(24, i -> i / 6 + i / 3 % 2 * 12 + i % 3 * 4));
        assertThat(file.tensors().get("scalar").shape()).isEmpty();
        assertThat(floats(file.tensors().get("scalar"))).containsExactly(2.5f);
        assertThat(file.tensors().get("empty").shape()).containsExactly(0L, 4L);
        assertThat(file.tensors().get("empty").data().byteSize()).isZero();
        assertThat(floats(file.tensors().get("parameter"))).containsExactly(1, 1, 1, 1);
    }

    /// What a training program saves: tensors inside dicts, an optimizer's state, and options that stay opaque.
    @Test
    void tensorsInsideDictsAreNamedByTheWayThere() throws IOException {
        try (TorchFile file = TorchFile.open(resource("training.pth"), Memory.MAPPED)) {
            assertThat(file.tensors().keySet())
                    .contains("model.weight", "model.bias", "optimizer.state.0.exp_avg", "optimizer.state.1.exp_avg_sq")
                    .allMatch(name -> name.startsWith("model.") || name.startsWith("optimizer.state."));
            assertThat(floats(file.tensors().get("model.weight"))).containsExactly(elements(8, i -> i));
        }
    }

    @Test
    void mappedTensorsLieInTheFileAndTransposedOnesBesideIt() throws IOException {
        try (TorchFile file = TorchFile.open(resource("protocol2.pth"), Memory.MAPPED)) {
            MemorySegment row = file.tensors().get("row").data();
            MemorySegment storageOfRow = file.tensors().get("f64").data();
            long distance = Math.abs(row.address() - storageOfRow.address());
            assertThat(distance).as("both in one mapping").isLessThan(5_000);
            assertThat(FilePages.hold(file.tensors().get("f32").data())).isTrue();
            assertThat(FilePages.hold(file.tensors().get("transposed").data())).isFalse();
            assertThat(file.tensors().values().stream().map(StoredTensor::data))
                    .allMatch(data -> data.isReadOnly() || data.byteSize() == 0);
        }
        try (TorchFile file = TorchFile.open(resource("protocol2.pth"), Memory.COPIED)) {
            assertThat(FilePages.hold(file.tensors().get("f32").data())).isFalse();
        }
    }

    @Test
    void whatIsNoCheckpointOfTensorsIsRefusedByName() throws IOException {
        Path module = resource("module.pth");
        assertThatThrownBy(() -> TorchFile.open(module, Memory.MAPPED))
                .isInstanceOf(Unsupported.class)
                .hasMessageContaining("the name 'torch.nn.modules.linear.Linear'");
        Path legacy = resource("legacy.pth");
        assertThatThrownBy(() -> TorchFile.open(legacy, Memory.MAPPED))
                .isInstanceOf(Unsupported.class)
                .hasMessageContaining("PyTorch before 1.6");
        Path tensor = resource("tensor.pth");
        assertThatThrownBy(() -> TorchFile.open(tensor, Memory.MAPPED))
                .isInstanceOf(MalformedFile.class)
                .hasMessageContaining("expected a dict of tensors, found a tensor");
        Path expanded = resource("expanded.pth");
        assertThatThrownBy(() -> TorchFile.open(expanded, Memory.MAPPED))
                .isInstanceOf(MalformedFile.class)
                .hasMessageContaining("tensor 'expanded': expected at most the 2 elements");
    }

    @Test
    void compressedEntriesAreUnpacked() throws IOException {
        byte[] numbers = new byte[24];
        ByteBuffer.wrap(numbers).order(ByteOrder.LITTLE_ENDIAN).putFloat(20, 7);
        Path path = write(RawZip.deflated("w", numbers, 2, 3));
        for (Memory memory : Memory.values()) {
            try (TorchFile file = TorchFile.open(path, memory)) {
                assertThat(floats(file.tensors().get("w"))).containsExactly(0, 0, 0, 0, 0, 7);
                file.checkUnchanged();
            }
        }
    }

    @Test
    void largeEntriesAndPlainArchivesAreUnderstood() throws IOException {
        for (byte[] bytes : List.of(
                RawZip.soundWithZip64(),
                RawZip.soundWithPlainEnd(),
                RawZip.sound().bytes())) {
            try (TorchFile file = TorchFile.open(write(bytes), Memory.MAPPED)) {
                assertThat(file.tensors().get("w").shape()).containsExactly(2L, 3L);
            }
        }
    }

    @Test
    void aChangedFileIsNoticedAndAClosedOneRefused() throws IOException {
        Path path = write(RawZip.sound().bytes());
        TorchFile file = TorchFile.open(path, Memory.MAPPED);
        file.checkUnchanged();
        file.close();
        file.close();
        assertThatThrownBy(file::checkUnchanged).isInstanceOf(IllegalStateException.class);
        MemorySegment data = file.tensors().get("w").data();
        assertThatThrownBy(() -> data.get(ValueLayout.JAVA_BYTE, 0)).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void anEmptyDictIsACheckpointOfNothing() throws IOException {
        Path path = write(RawZip.checkpoint(RawPickle.protocol(2).op('}').end()).bytes());
        try (TorchFile file = TorchFile.open(path, Memory.MAPPED)) {
            assertThat(file.tensors()).isEmpty();
            file.checkUnchanged();
        }
    }

    private Path write(byte[] bytes) throws IOException {
        return Files.write(folder.resolve("written.pth"), bytes);
    }

    private Path resource(String name) throws IOException {
        Path path = folder.resolve(name);
        try (InputStream in = TorchFileTest.class.getResourceAsStream(name)) {
            Files.write(path, in.readAllBytes());
        }
        return path;
    }

    private static float[] floats(StoredTensor tensor) {
        assertThat(tensor.dtype()).isEqualTo(Dtype.F32);
        return tensor.data().toArray(ValueLayout.JAVA_FLOAT);
    }

    /// The resources' numbers: element i of a storage is i / 4 - 1.
    private static float[] elements(int count, LongUnaryOperator place) {
        float[] elements = new float[count];
        LongStream.range(0, count).forEach(i -> elements[(int) i] = place.applyAsLong(i) / 4f - 1);
        return elements;
    }
}
