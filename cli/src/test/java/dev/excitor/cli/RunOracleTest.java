package dev.excitor.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/// `run` on a real model: the text that a reference implementation wrote for it.
class RunOracleTest {

    private static final String MODEL = "models/stories260K-f32.gguf";

    @Test
    void greedyTextIsTheReferences() throws IOException {
        String facts = Files.readString(Shared.path("oracles/stories260K-f32.f32ref.json"));
        String prompt = field(facts, "prompt");
        byte[] text = HexFormat.of().parseHex(field(facts, "greedy_text_utf8_hex"));
        CommandRun run = run("-p", prompt, "-n", "64", "--temp", "0");
        assertThat(run.code()).as(run.err()).isZero();
        assertThat(run.out()).isEqualTo(new String(text, StandardCharsets.UTF_8));
        assertThat(run.err()).contains("prompt      32 tokens", "generation  64 tokens");
    }

    @Test
    void anAdapterActsByItsScale() {
        Path adapter = Shared.path("oracles/excitor/stories-default.gguf");
        String plain = run("-p", "Once upon a time", "-n", "32", "--temp", "0").out();
        assertThat(run("-p", "Once upon a time", "-n", "32", "--temp", "0", "--adapter", adapter + ":0")
                        .out())
                .isEqualTo(plain);
        assertThat(run("-p", "Once upon a time", "-n", "32", "--temp", "0", "--adapter", adapter + ":1")
                        .out())
                .isNotEqualTo(plain);
    }

    private static CommandRun run(String... options) {
        String[] line = new String[options.length + 3];
        line[0] = "run";
        line[1] = "-m";
        line[2] = Shared.path(MODEL).toString();
        System.arraycopy(options, 0, line, 3, options.length);
        return CommandRun.of(line);
    }

    /// The value of a text field that has no quotes in it.
    private static String field(String json, String name) {
        Matcher field = Pattern.compile("\"" + name + "\":\\s*\"([^\"]*)\"").matcher(json);
        assertThat(field.find()).as(name).isTrue();
        return field.group(1);
    }
}
