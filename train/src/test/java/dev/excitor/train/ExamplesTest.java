package dev.excitor.train;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The programs in `examples`, which users start from their sources: they compile against what there is now.
class ExamplesTest {

    @TempDir
    private Path classes;

    @Test
    void allExamplesCompile() throws Exception {
        String javac = Path.of(System.getProperty("java.home"), "bin", "javac").toString();
        List<String> command = new ArrayList<>(List.of(javac, "-proc:none", "-d", classes.toString(), "-cp"));
        command.add(System.getProperty("java.class.path"));
        try (Stream<Path> folder = Files.list(Path.of("../examples"))) {
            folder.map(Path::toString).filter(file -> file.endsWith(".java")).forEach(command::add);
        }
        assertThat(command).as("the examples are found").hasSizeGreaterThan(7);
        Process compiler = new ProcessBuilder(command).redirectErrorStream(true).start();
        String said = new String(compiler.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(compiler.waitFor()).as(said).isZero();
    }
}
