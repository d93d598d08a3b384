package dev.excitor.cli.train;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import dev.excitor.train.TrainingStep;
import java.io.IOException;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// `OUT.metrics.jsonl`: a line for each update and each measurement, appended as they come.
final class MetricsFile {

    /// A point of the loss chart.
    ///
    /// @param step       updates made
    /// @param loss       in nats
    /// @param validation whether it is of the validation examples
    record Point(int step, double loss, boolean validation) {}

    private static final JsonFactory JSON = new JsonFactory();

    private final Path path;
    private final List<Point> points = new ArrayList<>();

    /// Goes on with the lines of the first `step` updates of what is there, in whatever state a crash left it, or
    /// begins anew.
    MetricsFile(Path path, int step) throws IOException {
        this.path = path;
        List<String> kept = new ArrayList<>();
        if (step > 0 && Files.exists(path)) {
            for (String line : new String(Files.readAllBytes(path), StandardCharsets.UTF_8)
                    .lines()
                    .toList()) {
                Point point = read(line);
                if (point != null && point.step <= step) {
                    kept.add(line);
                    points.add(point);
                }
            }
        }
        Path unfinished = path.resolveSibling("%s.%x.part".formatted(path.getFileName(), System.nanoTime()));
        Files.write(unfinished, kept);
        Files.move(unfinished, path, StandardCopyOption.ATOMIC_MOVE);
    }

    List<Point> points() {
        return points;
    }

    void step(TrainingStep step) throws IOException {
        points.add(new Point(step.step(), step.loss(), false));
        StringWriter line = new StringWriter();
        try (JsonGenerator json = JSON.createGenerator(line)) {
            json.writeStartObject();
            json.writeNumberField("step", step.step());
            json.writeNumberField("epoch", step.epoch());
            json.writeNumberField("loss", step.loss());
            json.writeNumberField("learning_rate", step.learningRate());
            json.writeNumberField("gradient_norm", step.gradientNorm());
            json.writeNumberField("tokens", step.tokens());
            json.writeNumberField("scored", step.scored());
            json.writeNumberField("seconds", step.seconds());
            json.writeEndObject();
        }
        append(line.toString());
    }

    /// The loss before the first update, where no validation examples tell it.
    void before(double loss) throws IOException {
        points.add(new Point(0, loss, false));
        append("{\"step\":0,\"loss\":%s}".formatted(loss));
    }

    void validation(int step, double loss) throws IOException {
        points.add(new Point(step, loss, true));
        StringWriter line = new StringWriter();
        try (JsonGenerator json = JSON.createGenerator(line)) {
            json.writeStartObject();
            json.writeNumberField("step", step);
            json.writeNumberField("validation_loss", loss);
            json.writeEndObject();
        }
        append(line.toString());
    }

    private void append(String line) throws IOException {
        Files.writeString(path, line + "\n", StandardOpenOption.APPEND);
    }

    /// A line of this file, or null for one that a crash cut off.
    private static @Nullable Point read(String line) {
        int step = -1;
        double loss = Double.NaN;
        boolean validation = false;
        try (JsonParser parser = JSON.createParser(line)) {
            parser.nextToken();
            while (parser.nextToken() != JsonToken.END_OBJECT) {
                String name = parser.currentName();
                if (parser.nextToken() == null) {
                    return null;
                }
                switch (name) {
                    case "step" -> step = parser.getIntValue();
                    case "loss" -> loss = parser.getDoubleValue();
                    case "validation_loss" -> {
                        loss = parser.getDoubleValue();
                        validation = true;
                    }
                    default -> parser.skipChildren();
                }
            }
            return step < 0 || Double.isNaN(loss) ? null : new Point(step, loss, validation);
        } catch (IOException broken) {
            return null;
        }
    }
}
