package dev.excitor.loaders.attacks;

import static dev.excitor.loaders.attacks.RawGguf.ARRAY;
import static dev.excitor.loaders.attacks.RawGguf.F32;
import static dev.excitor.loaders.attacks.RawGguf.STRING;
import static dev.excitor.loaders.attacks.RawGguf.UINT16;
import static dev.excitor.loaders.attacks.RawGguf.UINT32;
import static dev.excitor.loaders.attacks.RawGguf.UINT8;
import static dev.excitor.loaders.attacks.RawGguf.array;
import static dev.excitor.loaders.attacks.RawGguf.bytes;
import static dev.excitor.loaders.attacks.RawGguf.cat;
import static dev.excitor.loaders.attacks.RawGguf.sound;
import static dev.excitor.loaders.attacks.RawGguf.string;
import static dev.excitor.loaders.attacks.RawGguf.u16;
import static dev.excitor.loaders.attacks.RawGguf.u32;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assertions.assertTimeout;

import dev.excitor.loaders.conversion.Conversion;
import dev.excitor.loaders.gguf.GgufReader;
import dev.excitor.loaders.huggingface.HuggingFaceReader;
import dev.excitor.runtime.ExcitorException;
import dev.excitor.runtime.Shape;
import dev.excitor.runtime.Tensor;
import dev.excitor.runtime.checkpoint.Checkpoint;
import dev.excitor.runtime.checkpoint.CheckpointReader.Memory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.Optional;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Files that look strange and are sound: refusing them would be an error too.
class OdditiesTest {

    @TempDir
    Path folder;

    private void opens(RawGguf file, Consumer<Checkpoint> check) throws IOException {
        opens("odd.gguf", file.bytes(), check);
    }

    private void opens(String name, byte[] file, Consumer<Checkpoint> check) throws IOException {
        Path path = Files.write(folder.resolve(name), file);
        for (Memory memory : Memory.values()) {
            try (Checkpoint opened = new GgufReader().read(path, memory)) {
                opened.checkUnchanged();
                check.accept(opened);
            }
        }
    }

    private static Shape shape(Checkpoint opened, String tensor) {
        return opened.find(tensor).map(Tensor::shape).orElseThrow();
    }

    @Test
    void theFileThatAllAttacksStartFrom() throws IOException {
        opens(sound(), opened -> {
            assertThat(opened.metadata().keys()).hasSize(4);
            assertThat(shape(opened, "a")).isEqualTo(new Shape(2, 4));
            assertThat(shape(opened, "b")).isEqualTo(new Shape(2, 32));
        });
    }

    @Test
    void nothingAtAllIsAFileToo() throws IOException {
        opens(new RawGguf(), opened -> assertThat(opened.metadata().keys()).isEmpty());
    }

    @Test
    void tokensNeedNotBeUtf8() throws IOException {
        byte[] tokens = array(STRING, 2, string(bytes(0xff, 0xfe)), string(bytes(0xe2, 0x96)));
        opens(sound().key("t", ARRAY, tokens), opened -> {
            assertThat(opened.metadata().findBytes("t").orElseThrow())
                    .containsExactly(bytes(0xff, 0xfe), bytes(0xe2, 0x96));
            assertThat(opened.metadata().findStrings("t").orElseThrow()).containsExactly("\ufffd\ufffd", "\ufffd");
        });
    }

    @Test
    void keysAndNamesMayBeLongAndInAnyScript() throws IOException {
        String key = "ключ." + "k".repeat(65_000);
        opens(sound().key(key, UINT8, bytes(7)).tensor("重み", F32, 96, 4).data(112), opened -> {
            assertThat(opened.metadata().integer(key)).isEqualTo(7);
            assertThat(shape(opened, "重み")).isEqualTo(Shape.vector(4));
        });
    }

    @Test
    void dimensionsBeyondTheSecondCountRows() throws IOException {
        RawGguf file = new RawGguf()
                .tensor("trailing", F32, 0, 4, 2, 1, 1)
                .tensor("cube", F32, 32, 4, 3, 2)
                .tensor("column", F32, 128, 1, 5)
                .data(160);
        opens(file, opened -> {
            assertThat(shape(opened, "trailing")).isEqualTo(new Shape(2, 4));
            assertThat(shape(opened, "cube")).isEqualTo(new Shape(6, 4));
            assertThat(shape(opened, "column")).isEqualTo(new Shape(5, 1));
            assertThat(opened.stacked()).containsExactly("cube");
            assertCannotBeConverted(opened, "cube");
        });
    }

    @Test
    void directoriesTooTellOfMoreThanTwoDimensions() throws IOException {
        String[] tensors = {
            RawSafetensors.tensor("model.norm.weight", "F16", "[8]", "[0,16]"),
            RawSafetensors.tensor("flat", "F16", "[1,2,2]", "[16,24]"),
            RawSafetensors.tensor("cube", "F16", "[3,1,2]", "[24,36]")
        };
        RawDirectory.sound()
                .file(RawDirectory.WEIGHTS, RawSafetensors.file(RawSafetensors.header(tensors), 36))
                .write(folder);
        try (Checkpoint opened = new HuggingFaceReader().read(folder, Memory.MAPPED)) {
            assertThat(opened.stacked()).containsExactly("cube");
            assertCannotBeConverted(opened, "cube");
        }
    }

    /// Their bytes would be there, and their shape would not.
    private static void assertCannotBeConverted(Checkpoint opened, String tensor) {
        var asTheyAre = new Conversion.Options(Optional.empty(), false, false, false, 1);
        assertThatThrownBy(() -> Conversion.plan(opened, asTheyAre))
                .isInstanceOf(ExcitorException.Unsupported.class)
                .hasMessageContaining("tensor %s: converting more than two dimensions".formatted(tensor));
    }

    @Test
    void tensorsMayLieInAnyOrderWithGapsBetweenAndBytesBehind() throws IOException {
        opens(
                new RawGguf().tensor("t", F32, 4096, 4).tensor("u", F32, 64, 4).data(9999),
                opened ->
                        assertThat(opened.tensors().stream().map(Tensor::name)).containsExactly("t", "u"));
    }

    @Test
    void theLastTensorNeedsNoPadding() throws IOException {
        opens(
                new RawGguf().tensor("t", F32, 0, 1).data(4),
                opened -> assertThat(shape(opened, "t")).isEqualTo(Shape.vector(1)));
    }

    @Test
    void aHeaderWithoutTensorsNeedsNoPaddingEither() throws IOException {
        byte[] file = new RawGguf().key("general.alignment", UINT32, u32(4096)).bytes();
        opens("vocabulary.gguf", file, opened -> assertThat(opened.tensors()).isEmpty());
    }

    /// What merging the parts of a split leaves behind.
    @Test
    void splitOfNoneOrOneStandsAlone() throws IOException {
        for (int count : new int[] {0, 1}) {
            RawGguf file = sound().key("split.no", UINT16, u16(0)).key("split.count", UINT16, u16(count));
            opens(file, opened -> assertThat(opened.tensors()).hasSize(2));
        }
    }

    @Test
    void aPartsNameAloneMakesNoPart() throws IOException {
        opens(
                "x-00002-of-00003.gguf",
                sound().bytes(),
                opened -> assertThat(opened.tensors()).hasSize(2));
    }

    @Test
    void emptyArraysAndStringsAreValues() throws IOException {
        opens(sound().key("s", STRING, string("")).key("a", ARRAY, array(STRING, 0)), opened -> {
            assertThat(opened.metadata().string("s")).isEmpty();
            assertThat(opened.metadata().findBytes("a").orElseThrow()).isEmpty();
            assertThat(opened.metadata().describe("a")).isEqualTo("0 string: []");
        });
    }

    /// 2^15 keys with one hash code: a table of chains would take minutes.
    @Test
    void keysThatCollideCostNoTime() {
        var file = new RawGguf();
        for (int i = 0; i < 1 << 15; i++) {
            var key = new StringBuilder();
            for (int bit = 0; bit < 15; bit++) {
                key.append((i >> bit & 1) == 0 ? "Aa" : "BB");
            }
            file.key(key.toString(), UINT8, bytes(1));
        }
        assertTimeout(
                Duration.ofSeconds(20),
                () -> opens(file, opened -> assertThat(opened.metadata().keys()).hasSize(1 << 15)));
    }

    @Test
    void aLongHeaderIsReadInPieces() throws IOException {
        int count = 100_000;
        byte[][] tokens = new byte[count][];
        Arrays.setAll(tokens, i -> string("token " + i));
        byte[] file = sound().key("t", ARRAY, cat(u32(STRING), RawGguf.u64(count), cat(tokens)))
                .bytes();
        opens(
                "long.gguf",
                file,
                opened -> assertThat(opened.metadata().findStrings("t").orElseThrow())
                        .hasSize(count)
                        .endsWith("token 99999"));
    }
}
