package dev.excitor.bench.compare;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/// With programs that print what the test gives them.
@DisabledOnOs(OS.WINDOWS)
class ComparisonTest {

    @TempDir
    Path folder;

    @Test
    void peersAndOursTakeTurns() throws IOException {
        Contestant ours = program("ours", row(10));
        Comparison comparison = new Comparison(ours, List.of(program("a", row(1)), program("b", row(2))));
        List<String> order = new ArrayList<>();
        comparison.run(2, order::add);
        assertThat(order)
                .containsExactly(
                        "round 1 of 2: a",
                        "round 1 of 2: ours",
                        "round 1 of 2: b",
                        "round 1 of 2: ours",
                        "round 2 of 2: a",
                        "round 2 of 2: ours",
                        "round 2 of 2: b",
                        "round 2 of 2: ours");
    }

    @Test
    void rowsHaveTheFiguresOfBothAndTheirRatio() throws IOException {
        Contestant ours = program("ours", row(30, 10, 20));
        Comparison comparison = new Comparison(ours, List.of(program("peer", row(8, 4, 80))));
        comparison.run(1, line -> {});
        assertThat(comparison.rows()).hasSize(1);
        JsonNode row = comparison.rows().getFirst();
        assertThat(row.path("median_ts").asDouble()).isEqualTo(20);
        assertThat(row.path("spread").asDouble()).isEqualTo(0.5);
        assertThat(row.path("samples_ts")).hasSize(3);
        assertThat(row.path("model_filename").asText()).isEqualTo("m.gguf");
        assertThat(row.path("peer").path("name").asText()).isEqualTo("peer");
        assertThat(row.path("peer").path("median_ts").asDouble()).isEqualTo(8);
        assertThat(row.path("ratio").asDouble()).isEqualTo(2.5);
        assertThat(Comparison.table(comparison.rows())).contains("| tg4 | peer | 8.00 |", "| 2.50 |");
    }

    @Test
    void aTestThatOnlyOneOfThemHasIsLeftOut() throws IOException {
        Contestant ours = program("ours", row(10));
        Comparison comparison = new Comparison(ours, List.of(program("peer", TestRowTest.recorded())));
        comparison.run(1, line -> {});
        assertThat(comparison.rows()).isEmpty();
    }

    @Test
    void aProgramThatFailsIsNamedWithWhatItSaid() throws IOException {
        Contestant failing = new Contestant("peer", List.of("sh", "-c", "echo no model >&2; exit 3"), folder);
        assertThatThrownBy(failing::measure)
                .isInstanceOf(IOException.class)
                .hasMessage("peer ended with exit code 3: no model");
        Contestant chatty = program("peer", "hello");
        assertThatThrownBy(chatty::measure).isInstanceOf(IOException.class).hasMessageStartingWith("peer: ");
    }

    private Contestant program(String name, String prints) throws IOException {
        Path text = Files.writeString(folder.resolve(name + ".json"), prints);
        return new Contestant(name, List.of("cat", text.toString()), folder);
    }

    private static String row(Integer... rates) {
        return "[{\"n_prompt\": 0, \"n_gen\": 4, \"test\": \"tg4\", \"model_filename\": \"/some/where/m.gguf\","
                + " \"samples_ts\": %s}]".formatted(List.of(rates));
    }
}
