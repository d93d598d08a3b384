package dev.excitor.cli.chat;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class TrimmedTest {

    @Test
    void whiteSpaceAroundTheTextIsLeftOutAndInsideItWaits() {
        assertThat(pass("  ", " a", "b ", "\n", " c", "\n\n")).containsExactly("a", "b", " \n c");
        assertThat(pass(" one\n two ")).containsExactly("one\n two");
        assertThat(pass("", " ", "\n")).isEmpty();
    }

    private static List<String> pass(String... pieces) {
        List<String> passed = new ArrayList<>();
        Trimmed trimmed = new Trimmed(passed::add);
        for (String piece : pieces) {
            trimmed.accept(piece);
        }
        return passed;
    }
}
