package dev.excitor.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RehearsalTest {

    /// A command that failed would leave an archive of a start that goes wrong.
    @Test
    void everyCommandSucceeds(@TempDir Path folder) throws Exception {
        var out = new ByteArrayOutputStream();
        var err = new ByteArrayOutputStream();
        int code = Rehearsal.rehearse(new Console(new ByteArrayInputStream(new byte[0]), out, err), folder);
        assertThat(code).as(err.toString(StandardCharsets.UTF_8)).isZero();
        assertThat(out.size()).isPositive();
        assertThat(err.toString(StandardCharsets.UTF_8).split("generation  4 tokens", -1))
                .as("two texts")
                .hasSize(3);
    }
}
