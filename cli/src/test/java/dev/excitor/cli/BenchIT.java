package dev.excitor.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/// `bench` as a process: on the module path, and interrupted.
@DisabledOnOs(OS.WINDOWS)
@Timeout(120)
class BenchIT {

    @TempDir
    Path folder;

    @Test
    void anInterruptionWritesTheResultsThatAreThere() throws Exception {
        Path model = TestFiles.model(folder.resolve("m.gguf"), "Q4_0");
        try (ProgramProcess bench = ProgramProcess.start(
                "bench", "-m", model.toString(), "-p", "8", "-n", "4", "-r", "10000", "--delay", "1", "-o", "json")) {
            bench.err().await("run 3 of 20000");
            bench.interrupt();
            assertThat(bench.exitCode()).isEqualTo(130);
            JsonNode rows = new ObjectMapper().readTree(bench.out().text());
            assertThat(rows).hasSize(2);
            assertThat(rows).allMatch(row -> row.get("samples_ts").size() == 1);
        }
    }
}
