package dev.excitor.cli.chat;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class MultiLineTest {

    @ParameterizedTest
    @CsvSource({
        "one line, one line",
        "'', ''",
        "a\\~b, a~b",
        "a\\~~b, 'a~~b'",
        "C:\\temp, C:\\temp",
        "\"\"\"a~b\"\"\", a~b",
        "\"\"\"~a~b~\"\"\", a~b",
        "'  \"\"\" a\\~b \"\"\" ', ' a\\~b '",
        "\"\"\"\"\"\", ''",
        "\"\"\"~\"\"\", ''",
        "say \"\"\"x, say \"\"\"x"
    })
    void wholeMessages(String typed, String message) {
        String lines = typed.replace('~', '\n');
        boolean whole = !lines.contains("\\\n\n");
        assertThat(MultiLine.isComplete(lines)).isEqualTo(whole || lines.endsWith("b"));
        assertThat(MultiLine.message(lines)).isEqualTo(message.replace('~', '\n'));
    }

    @ParameterizedTest
    @CsvSource({"a\\, a\\", "a\\~b\\, a~b\\", "\"\"\", ''", "\"\"\"\", '\"'", "\"\"\"a~b, a~b", "\"\"\"~a\"\", 'a\"\"'"
    })
    void beginningsOfMessages(String typed, String messageIfTheInputEndsHere) {
        String lines = typed.replace('~', '\n');
        assertThat(MultiLine.isComplete(lines)).isFalse();
        assertThat(MultiLine.message(lines)).isEqualTo(messageIfTheInputEndsHere.replace('~', '\n'));
    }

    @Test
    void aStreamIsCutIntoMessages() throws IOException {
        String text = "one\r\ntwo\\\nstill two\n\"\"\"\nthree\\\n\nx\"\"\" y\n\"\"\"\nfour\\";
        List<String> messages = new ArrayList<>();
        try (StreamInput input = new StreamInput(new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8)))) {
            for (String typed = input.read(); typed != null; typed = input.read()) {
                messages.add(MultiLine.message(typed));
            }
        }
        assertThat(messages).containsExactly("one", "two\nstill two", "three\\\n\nx\"\"\" y", "four\\");
    }
}
