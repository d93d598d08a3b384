package dev.excitor.bench.compare;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TestRowTest {

    @Test
    void readsWhatLlamaBenchPrinted() throws IOException {
        List<TestRow> rows = TestRow.parse(recorded());
        assertThat(rows).extracting(TestRow::test).containsExactly("pp32", "tg8");
        assertThat(rows).allSatisfy(row -> {
            assertThat(row.rates()).hasSize(3).allMatch(rate -> rate > 0);
            assertThat(row.facts().path("type_k").asText()).isEqualTo("f16");
        });
    }

    @Test
    void namesTestsAsLlamaBenchDoes() throws IOException {
        String row = "{\"n_prompt\": %d, \"n_gen\": %d, \"n_depth\": %d, \"samples_ts\": [1.5]}";
        String all = "[" + row.formatted(64, 16, 0) + "," + row.formatted(0, 16, 128) + "]";
        assertThat(TestRow.parse(all)).extracting(TestRow::test).containsExactly("pp64+tg16", "tg16 @ d128");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "[]",
                "{}",
                "error: no such model",
                "[{\"n_prompt\": 1}]",
                "[{\"n_prompt\": 1, \"samples_ts\": []}]",
                "[{\"n_prompt\": 1, \"samples_ts\": [0]}]",
                "[{\"n_prompt\": 1, \"samples_ts\": [\"fast\"]}]",
                "[{\"samples_ts\": [1]}]"
            })
    void saysWhatItFoundInsteadOfRows(String text) {
        assertThatThrownBy(() -> TestRow.parse(text)).isInstanceOf(IOException.class);
    }

    static String recorded() throws IOException {
        try (InputStream resource = TestRowTest.class.getResourceAsStream("llama-bench.json")) {
            return new String(Objects.requireNonNull(resource).readAllBytes(), StandardCharsets.UTF_8);
        }
    }
}
