package dev.excitor.bench.compare;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

@DisabledOnOs(OS.WINDOWS)
class CompareCommandTest {

    @TempDir
    Path folder;

    @Test
    void runsBothProgramsOnTheSameModelAndAppendsRows() throws IOException {
        Path model = Files.writeString(folder.resolve("m.gguf"), "");
        Path recorded = Files.writeString(folder.resolve("rows.json"), TestRowTest.recorded());
        Path results = folder.resolve("results.jsonl");
        String[] line = {
            "--peer",
            script("llama-bench", recorded).toString(),
            "--excitor",
            script("excitor", recorded).toString(),
            "-m",
            model.toString(),
            "-t",
            "2",
            "-p",
            "32",
            "-n",
            "8",
            "-r",
            "2",
            "--results",
            results.toString()
        };
        StringWriter out = new StringWriter();
        CommandLine command = new CommandLine(new CompareCommand())
                .setOut(new PrintWriter(out))
                .setErr(new PrintWriter(new StringWriter()));
        assertThat(command.execute(line)).isZero();
        assertThat(command.execute(line)).isZero();
        assertThat(out.toString()).contains("| pp32 | llama-bench |", "| 1.00 |");
        List<String> rows = Files.readAllLines(results);
        assertThat(rows).hasSize(4);
        JsonNode row = new ObjectMapper().readTree(rows.getFirst());
        assertThat(row.path("samples_ts")).hasSize(6);
        assertThat(row.path("peer").path("samples_ts")).hasSize(6);
        String common = "-m %s -t 2 -p 32 -n 8 -r 1 -o json".formatted(model);
        assertThat(Files.readAllLines(folder.resolve("llama-bench.calls"))).containsOnly(common);
        assertThat(Files.readAllLines(folder.resolve("excitor.calls"))).containsOnly("bench --no-limits " + common);
    }

    @Test
    void wrongUsageIsExitCode2() throws IOException {
        String model = Files.writeString(folder.resolve("m.gguf"), "").toString();
        for (List<String> line : List.of(
                List.<String>of(),
                List.of("-m", model, "-t", "2", "--excitor", model),
                List.of("-m", model, "-t", "0", "--excitor", model, "--peer", "x"),
                List.of("-m", "nowhere", "-t", "1", "--excitor", model, "--peer", "x"),
                List.of("-m", model, "-t", "1", "--excitor", model, "--node", folder.toString()))) {
            CommandLine command = new CommandLine(new CompareCommand()).setErr(new PrintWriter(new StringWriter()));
            assertThat(command.execute(line.toArray(String[]::new)))
                    .as("%s", line)
                    .isEqualTo(2);
        }
    }

    /// Notes its arguments and prints a file.
    private Path script(String name, Path prints) throws IOException {
        Path script = folder.resolve(name);
        Files.writeString(script, "#!/bin/sh\necho \"$@\" >>'%s.calls'\ncat '%s'\n".formatted(script, prints));
        assertThat(script.toFile().setExecutable(true)).isTrue();
        return script;
    }
}
