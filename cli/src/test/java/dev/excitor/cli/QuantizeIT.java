package dev.excitor.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// `quantize` as the packaged program.
class QuantizeIT {

    private static final Duration PATIENCE = Duration.ofSeconds(30);

    @TempDir
    private Path folder;

    @Test
    void anInterruptionLeavesNothingBehind() throws Exception {
        Path model = folder.resolve("m.gguf");
        String shape = "synth --layers 24 --width 1024 --heads 8 --ffn 4096 --vocab-size 400 --type F16 -o ";
        CommandRun made = CommandRun.of((shape + model).split(" ", -1));
        assertThat(made.code()).as(made.err()).isZero();
        Path empty = Files.createDirectory(folder.resolve("empty"));
        Path target = empty.resolve("q.gguf");
        try (ProgramProcess run =
                ProgramProcess.start("quantize", "-t", "1", model.toString(), target.toString(), "Q2_K")) {
            awaitUnfinishedFile(empty);
            run.interrupt();
            assertThat(run.exitCode()).isEqualTo(130);
            assertThat(files(empty)).isEmpty();
        }
    }

    private static void awaitUnfinishedFile(Path folder) throws IOException, InterruptedException {
        Instant end = Instant.now().plus(PATIENCE);
        while (files(folder).stream().noneMatch(name -> name.endsWith(".part"))) {
            assertThat(Instant.now()).as("no file was begun").isBefore(end);
            Thread.sleep(20);
        }
    }

    private static List<String> files(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.map(file -> file.getFileName().toString()).toList();
        }
    }
}
