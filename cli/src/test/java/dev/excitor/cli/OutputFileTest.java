package dev.excitor.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

class OutputFileTest {

    @TempDir
    Path folder;

    @Test
    void appearsWhenItIsComplete() throws IOException {
        Path path = folder.resolve("x");
        try (OutputFile file = OutputFile.create("-o", path, false)) {
            file.write(ByteBuffer.wrap(new byte[] {1, 2}));
            assertThat(path).doesNotExist();
            file.commit();
            assertThat(file.isOpen()).isFalse();
        }
        assertThat(path).hasBinaryContent(new byte[] {1, 2});
        assertThat(files()).containsExactly(path);
    }

    @Test
    void whatFailsLeavesTheFormerFileAndNoOther() throws IOException {
        Path path = Files.writeString(folder.resolve("x"), "data");
        try (OutputFile file = OutputFile.create("-o", path, true)) {
            file.write(ByteBuffer.wrap(new byte[100]));
            assertThat(files()).hasSize(2);
        }
        assertThat(files()).containsExactly(path);
        assertThat(path).content().isEqualTo("data");
    }

    @Test
    @DisabledOnOs(OS.WINDOWS)
    @Timeout(60)
    void whatIsInterruptedLeavesNone() throws Exception {
        Path model = TestFiles.model(folder.resolve("m.gguf"), "F32");
        Path text = Files.writeString(folder.resolve("text"), "ba".repeat(100_000));
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "--add-modules=jdk.incubator.vector",
                        "-cp",
                        System.getProperty("java.class.path"),
                        Main.class.getName(),
                        "logits",
                        "-m",
                        model.toString(),
                        "-f",
                        text.toString(),
                        "-c",
                        "1000000",
                        "-t",
                        "1",
                        "-o",
                        folder.resolve("out.npy").toString())
                .redirectErrorStream(true)
                .redirectOutput(folder.resolve("messages").toFile())
                .start();
        while (process.isAlive() && files().size() < 4) {
            Thread.sleep(Duration.ofMillis(10));
        }
        assertThat(process.isAlive())
                .as(Files.readString(folder.resolve("messages")))
                .isTrue();
        process.destroy(); // SIGTERM ends a JVM as SIGINT does, and is not ignored where tests run in the background
        assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
        assertThat(process.exitValue()).isEqualTo(128 + 15);
        assertThat(files()).containsExactlyInAnyOrder(model, text, folder.resolve("messages"));
    }

    private List<Path> files() throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.toList();
        }
    }
}
