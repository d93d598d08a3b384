package dev.excitor.loaders.conversion;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import dev.excitor.loaders.Shared;
import dev.excitor.runtime.checkpoint.Checkpoint;
import dev.excitor.runtime.checkpoint.CheckpointReader;
import dev.excitor.runtime.checkpoint.CheckpointReader.Memory;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/// Files that llama.cpp's quantizer made of `micro-f32.gguf` are made again: every byte must be the same, of the
/// header, of the choice of formats and of every block.
class GivenQuantizationsTest {

    @TempDir
    private Path folder;

    @TestFactory
    Stream<DynamicTest> everyGivenFileIsMadeAgain() throws IOException {
        Path models = Shared.folder("models");
        List<Path> given;
        try (Stream<Path> files = Files.list(models)) {
            given = files.filter(file -> file.getFileName().toString().matches("micro-(?!f32).*\\.gguf"))
                    .sorted()
                    .toList();
        }
        assertThat(given).hasSizeGreaterThan(20);
        return given.stream()
                .map(file -> dynamicTest(
                        file.getFileName().toString(), () -> assertMadeAgain(models.resolve("micro-f32.gguf"), file)));
    }

    private void assertMadeAgain(Path source, Path given) throws IOException {
        String name = given.getFileName().toString().replaceFirst("micro-(.*)\\.gguf", "$1");
        boolean pure = name.endsWith("-pure");
        FileType type = FileType.of(name.replace("-pure", ""));
        Path made = folder.resolve("made.gguf");
        var options = new Conversion.Options(Optional.of(type), pure, false, true, 3);
        try (Checkpoint model = CheckpointReader.open(source, Memory.MAPPED);
                FileChannel channel = FileChannel.open(made, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
            Conversion.plan(model, options).write(channel, Conversion.Listener.NONE);
        }
        assertThat(Files.mismatch(made, given)).as("first byte that differs").isEqualTo(-1);
        Files.delete(made);
    }
}
