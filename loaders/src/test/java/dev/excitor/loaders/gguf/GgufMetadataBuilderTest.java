package dev.excitor.loaders.gguf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.excitor.runtime.ExcitorException.MalformedFile;
import dev.excitor.runtime.checkpoint.Checkpoint;
import dev.excitor.runtime.checkpoint.CheckpointReader.Memory;
import dev.excitor.runtime.checkpoint.Metadata;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class GgufMetadataBuilderTest {

    private static final Path FOLDER = Path.of("some", "folder");

    @TempDir
    Path temporary;

    private static Metadata metadata() {
        return new GgufMetadataBuilder()
                .string("general.architecture", "llama")
                .uint32("number", 0xFFFF_FFFFL)
                .float32("epsilon", 1e-5f)
                .bool("yes", true)
                .strings("words", List.of("a", "", "\u2581b"))
                .byteStrings("bytes", List.of(new byte[] {(byte) 0xff}))
                .integers("types", GgufType.INT32, 1, -2, 3)
                .floats("scores", 0, -1.5f)
                .build(FOLDER);
    }

    private static void check(Metadata metadata) {
        assertThat(metadata.keys())
                .containsExactly(
                        "general.architecture", "number", "epsilon", "yes", "words", "bytes", "types", "scores");
        assertThat(metadata.string("general.architecture")).isEqualTo("llama");
        assertThat(metadata.integer("number")).isEqualTo(0xFFFF_FFFFL);
        assertThat(metadata.number("epsilon", 0)).isEqualTo(1e-5f);
        assertThat(metadata.bool("yes", false)).isTrue();
        assertThat(metadata.findStrings("words").orElseThrow()).containsExactly("a", "", "\u2581b");
        assertThat(metadata.findBytes("bytes").orElseThrow().getFirst()).containsExactly(0xff);
        assertThat(metadata.findLongs("types").orElseThrow()).containsExactly(1, -2, 3);
        assertThat(metadata.findFloats("scores").orElseThrow()).containsExactly(0, -1.5f);
        assertThat(metadata.describe("types")).isEqualTo("3 int32: [1, -2, 3]");
    }

    @Test
    void everyValueIsFound() {
        check(metadata());
    }

    @Test
    void aFileGetsTheSameValuesInTheSameTypes() throws IOException {
        Path file = temporary.resolve("built.gguf");
        new GgufWriter(file).copy(metadata(), key -> true).write();
        try (Checkpoint written = new GgufReader().read(file, Memory.COPIED)) {
            check(written.metadata());
            assertThat(written.metadata().keys())
                    .allSatisfy(key -> assertThat(written.metadata().describe(key))
                            .isEqualTo(metadata().describe(key)));
        }
    }

    @Test
    void errorsNameTheFolderAndNoByte() {
        assertThatThrownBy(() -> metadata().findLong("words"))
                .isInstanceOf(MalformedFile.class)
                .hasMessage("%s: key 'words': expected an integer, found an array of 3 string", FOLDER);
        assertThatThrownBy(() -> metadata().integer("nothing")).hasMessageContaining("no such key");
    }

    @Test
    void whatCannotBeSaidIsRefused() {
        var builder = new GgufMetadataBuilder().uint32("a", 1);
        assertThatThrownBy(() -> builder.uint32("a", 2)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> builder.uint32("b", -1)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> builder.integers("b", GgufType.INT8, 128))
                .isInstanceOf(IllegalArgumentException.class);
    }
}
