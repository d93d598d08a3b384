package dev.excitor.bench.chart;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import javax.imageio.ImageIO;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.w3c.dom.Document;
import picocli.CommandLine;

class ChartCommandTest {

    private static final String ROWS = """
            {"test": "tg8", "n_depth": 0, "n_threads": 1, "n_ubatch": 512, "median_ts": 40.0, "spread": 0.1}
            {"test": "tg8 @ d64", "n_depth": 64, "n_threads": 1, "n_ubatch": 512, "median_ts": 36.0, "spread": 0.2}
            {"test": "tg8", "n_depth": 0, "n_threads": 2, "n_ubatch": 512, "median_ts": 70.0, "spread": 0.1}
            {"test": "tg8 @ d64", "n_depth": 64, "n_threads": 2, "n_ubatch": 512, "median_ts": 1.0, "spread": 0.1}
            {"test": "tg8 @ d64", "n_depth": 64, "n_threads": 2, "n_ubatch": 512, "median_ts": 60.0, "spread": 0.1}
            """;

    @TempDir
    Path folder;

    private Path rows = Path.of("");

    @BeforeEach
    void writeRows() throws IOException {
        rows = Files.writeString(folder.resolve("rows.jsonl"), ROWS);
    }

    @Test
    void rowsThatDifferInTheAxisAloneAreOneSeriesAndTheLastOfAPointCounts() {
        List<Series> byDepth = Series.of(parsed(), Axis.DEPTH);
        assertThat(byDepth).extracting(Series::name).containsExactly("tg8, 1 thread", "tg8, 2 threads");
        assertThat(byDepth.get(0).places()).containsExactly(0, 64);
        assertThat(byDepth.get(0).rates()).containsExactly(40, 36);
        assertThat(byDepth.get(0).deviations()).containsExactly(2, 3.6);
        assertThat(byDepth.get(1).rates()).containsExactly(70, 60);
        assertThat(Series.of(parsed(), Axis.THREADS))
                .extracting(Series::name)
                .containsExactly("tg8, depth 0", "tg8, depth 64");
    }

    @Test
    void promptsOfAnyLengthAreOneSeriesByTheTokensOfAPass() throws IOException {
        ObjectMapper json = new ObjectMapper();
        List<JsonNode> prompts = List.of(
                json.readTree("{\"test\": \"pp4\", \"n_prompt\": 4, \"n_ubatch\": 512, \"median_ts\": 9.0}"),
                json.readTree("{\"test\": \"pp1024\", \"n_prompt\": 1024, \"n_ubatch\": 512, \"median_ts\": 90.0}"));
        List<Series> byBatch = Series.of(prompts, Axis.BATCH);
        assertThat(byBatch).extracting(Series::name).containsExactly("pp");
        assertThat(byBatch.get(0).places()).containsExactly(4, 512);
        assertThat(byBatch.get(0).rates()).containsExactly(9, 90);
    }

    @Test
    void drawsPng() throws IOException {
        for (Axis axis : Axis.values()) {
            Path file = folder.resolve(axis + ".png");
            assertThat(chart("--from", rows.toString(), "--by", axis.name(), "-o", file.toString()))
                    .isZero();
            BufferedImage image = ImageIO.read(file.toFile());
            assertThat(image.getWidth()).isEqualTo(960);
            assertThat(image.getHeight()).isEqualTo(600);
        }
    }

    @Test
    void drawsSvg() throws Exception {
        Path file = folder.resolve("depth.svg");
        assertThat(chart("--from", rows.toString(), "--by", "depth", "--title", "A title", "-o", file.toString()))
                .isZero();
        DocumentBuilderFactory factory = DocumentBuilderFactory.newDefaultInstance();
        factory.setFeature("http://apache.org/xml/features/nonvalidating/load-external-dtd", false);
        Document svg = factory.newDocumentBuilder().parse(file.toFile());
        assertThat(svg.getDocumentElement().getTagName()).isEqualTo("svg");
        assertThat(svg.getDocumentElement().getAttribute("width")).isEqualTo("960");
        assertThat(svg.getElementsByTagName("path").getLength()).isPositive(); // texts are outlines too
    }

    @Test
    void refusesWhatItCannotDraw() throws IOException {
        String from = rows.toString();
        String png = folder.resolve("x.png").toString();
        assertThat(chart("--from", from, "--by", "depth", "-o", "x.gif")).isEqualTo(2);
        assertThat(chart("--from", from, "--by", "colour", "-o", png)).isEqualTo(2);
        assertThat(chart("--from", from, "--by", "depth", "--test", "pp", "-o", png))
                .isEqualTo(2);
        assertThat(chart("--from", folder + "/none", "--by", "depth", "-o", png))
                .isEqualTo(1);
        String bad = Files.writeString(folder.resolve("bad.jsonl"), "{\"test\": \"tg8\"}\n")
                .toString();
        assertThat(chart("--from", bad, "--by", "depth", "-o", png)).isEqualTo(1);
        assertThat(Path.of(png)).doesNotExist();
    }

    private static List<JsonNode> parsed() {
        ObjectMapper json = new ObjectMapper();
        return ROWS.lines()
                .map(line -> {
                    try {
                        return json.readTree(line);
                    } catch (IOException impossible) {
                        throw new AssertionError(impossible);
                    }
                })
                .toList();
    }

    private static int chart(String... line) {
        return new CommandLine(new ChartCommand())
                .setCaseInsensitiveEnumValuesAllowed(true)
                .setErr(new PrintWriter(new StringWriter()))
                .execute(line);
    }
}
