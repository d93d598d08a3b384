package dev.excitor.bench.chart;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/// `chart`: tokens per second by depth, batch or threads.
@Command(
        name = "chart",
        mixinStandardHelpOptions = true,
        description =
                "Draws rows that 'excitor bench -o jsonl' or 'compare' wrote: a line for all that differ in nothing"
                        + " but the axis, with the distance of the quartiles as bars.")
public final class ChartCommand implements Callable<Integer> {

    private static final ObjectMapper JSON = new ObjectMapper();

    @Option(names = "--from", paramLabel = "FILE", required = true, description = "Results, a row a line.")
    private List<Path> sources = List.of();

    @Option(
            names = "--by",
            paramLabel = "AXIS",
            required = true,
            description = "What to have to the right: ${COMPLETION-CANDIDATES}.")
    private Axis axis = Axis.DEPTH;

    @Option(
            names = "--test",
            paramLabel = "NAME",
            defaultValue = "",
            description = "Only tests whose name begins so, such as tg: prompts are on another scale.")
    private String test = "";

    @Option(names = "--title", paramLabel = "TEXT", defaultValue = "", description = "Above the chart.")
    private String title = "";

    @Option(
            names = {"-o", "--output"},
            paramLabel = "FILE",
            required = true,
            description = "The file to write, .png or .svg.")
    private Path output = Path.of("");

    @Spec
    private @Nullable CommandSpec spec;

    @Override
    public Integer call() throws IOException {
        if (!ChartImage.isKnown(output)) {
            throw wrong("-o must end in .png or .svg, but is " + output);
        }
        List<JsonNode> rows = new ArrayList<>();
        for (Path source : sources) {
            rows.addAll(read(source));
        }
        rows.removeIf(row -> !row.path("test").asText().startsWith(test));
        if (rows.isEmpty()) {
            throw wrong("there are no rows of a test '%s' in %s".formatted(test, sources));
        }
        new ChartImage(title, axis, Series.of(rows, axis)).write(output);
        return CommandLine.ExitCode.OK;
    }

    private static List<JsonNode> read(Path source) throws IOException {
        List<JsonNode> rows = new ArrayList<>();
        int number = 0;
        for (String line : Files.readAllLines(source)) {
            number++;
            if (!line.isBlank()) {
                rows.add(row(source, number, line));
            }
        }
        return rows;
    }

    private static JsonNode row(Path source, int number, String line) throws IOException {
        String found;
        try {
            JsonNode row = JSON.readTree(line);
            if (row.path("test").isTextual() && row.path("median_ts").isNumber()) {
                return row;
            }
            found = "one without 'test' or 'median_ts'";
        } catch (JsonProcessingException malformed) {
            found = malformed.getOriginalMessage();
        }
        throw new IOException(
                "%s, line %d: expected a row of 'excitor bench -o jsonl', found %s".formatted(source, number, found));
    }

    private ParameterException wrong(String sentence) {
        return new ParameterException(Objects.requireNonNull(spec).commandLine(), sentence);
    }
}
