package dev.excitor.model.tokenizer.pretokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.excitor.runtime.ExcitorException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class PretokenizersTest {
    private static final String CUT = "¦";

    /// A name and a text cut into its pieces.
    static Stream<Arguments> pieces() {
        return Stream.of(
                Arguments.of("llama-bpe", "I¦'LL¦ pay¦ $¦123¦4¦.¦50¦,¦ it¦'s¦ ¦ OK"),
                Arguments.of("llama-bpe", "HelloWorld¦ ÉtéX¦ naïve¦123"),
                Arguments.of("llama-bpe", "a¦ \n\n¦ ¦ b¦\t¦\tc¦  "),
                Arguments.of("llama-bpe", "x¦+=(¦y¦*¦2¦)/¦3¦;\n¦//¦ok"),
                Arguments.of("llama-bpe", "中文¦202¦4¦年¦，héllo¦ “¦q¦”～`^"),
                Arguments.of("llama-bpe", "\u00a0a¦\u3000¦ \u0001¦e¦\u0301¦ ¦½²"),
                Arguments.of("qwen2", "I¦'LL¦ pay¦ $¦1¦2¦3¦4¦.¦5¦0¦,¦ it¦'s¦ ¦ OK"),
                Arguments.of("qwen2", "HelloWorld¦ ÉtéX¦ naïve¦1¦2¦3"),
                Arguments.of("qwen2", "a¦ \n\n¦ ¦ b¦\t¦\tc¦  "),
                Arguments.of("qwen2", "x¦+=(¦y¦*¦2¦)/¦3¦;\n¦//¦ok"),
                Arguments.of("qwen2", "中文¦2¦0¦2¦4¦年¦，héllo¦ “¦q¦”～`^"),
                Arguments.of("qwen2", "\u00a0a¦\u3000¦ \u0001¦e¦\u0301¦ ¦½¦²"),
                Arguments.of("tekken", "I¦'LL¦ pay¦ $¦1¦2¦3¦4¦.¦5¦0¦,¦ it¦'s¦ ¦ OK"),
                Arguments.of("tekken", "Hello¦World¦ Été¦X¦ naïve¦1¦2¦3"),
                Arguments.of("tekken", "a¦ \n\n¦ ¦ b¦\t¦\tc¦  "),
                Arguments.of("tekken", "x¦+=(¦y¦*¦2¦)/¦3¦;\n//¦ok"),
                Arguments.of("tekken", "中文¦2¦0¦2¦4¦年¦，héllo¦ “¦q¦”～`^"),
                Arguments.of("tekken", "\u00a0a¦\u3000¦ \u0001¦e¦\u0301¦ ¦½¦²"),
                Arguments.of("gpt-2", "I¦'¦LL¦ pay¦ $¦1234¦.¦50¦,¦ it¦'s¦ ¦ OK"),
                Arguments.of("gpt-2", "HelloWorld¦ ÉtéX¦ naïve¦123"),
                Arguments.of("gpt-2", "a¦ \n\n ¦ b¦\t¦\t¦c¦  "),
                Arguments.of("gpt-2", "x¦+=(¦y¦*¦2¦)/¦3¦;¦\n¦//¦ok"),
                Arguments.of("gpt-2", "中文¦2024¦年¦，¦héllo¦ “¦q¦”～`^"),
                Arguments.of("gpt-2", "\u00a0¦a¦\u3000¦ \u0001¦e¦\u0301¦ ½²"),
                Arguments.of("starcoder", "I¦'¦LL¦ pay¦ $¦1¦2¦3¦4¦.¦5¦0¦,¦ it¦'s¦ ¦ OK"),
                Arguments.of("starcoder", "HelloWorld¦ ÉtéX¦ naïve¦1¦2¦3"),
                Arguments.of("starcoder", "a¦ \n\n ¦ b¦\t¦\t¦c¦  "),
                Arguments.of("starcoder", "x¦+=(¦y¦*¦2¦)/¦3¦;¦\n¦//¦ok"),
                Arguments.of("starcoder", "中文¦2¦0¦2¦4¦年¦，¦héllo¦ “¦q¦”～`^"),
                Arguments.of("starcoder", "\u00a0¦a¦\u3000¦ \u0001¦e¦\u0301¦ ¦½¦²"),
                Arguments.of("default", "I¦'¦LL¦ pay¦ ¦$¦123¦4¦.¦50¦,¦ it¦'¦s¦ ¦ OK"),
                Arguments.of("default", "HelloWorld¦ ÉtéX¦ naïve¦123"),
                Arguments.of("default", "a¦ \n\n ¦ b¦\t¦\t¦c¦  "),
                Arguments.of("default", "x¦+=(¦y¦*¦2¦)/¦3¦;¦\n¦//¦ok"),
                Arguments.of("default", "中文¦202¦4¦年¦，¦héllo¦ ¦“¦q¦”¦～`¦^"),
                Arguments.of("default", "\u00a0¦a¦\u3000¦ \u0001¦e¦\u0301¦ ¦½²"),
                Arguments.of("falcon", "I¦'¦LL¦ pay¦ ¦$¦123¦4¦.¦50¦,¦ it¦'¦s¦ ¦ OK"),
                Arguments.of("falcon", "HelloWorld¦ ÉtéX¦ naïve¦123"),
                Arguments.of("falcon", "a¦ \n\n ¦ b¦\t¦\t¦c¦  "),
                Arguments.of("falcon", "x¦+=(¦y¦*¦2¦)/¦3¦;¦\n¦//¦ok"),
                Arguments.of("falcon", "中文¦202¦4¦年¦，¦héllo¦ ¦“¦q¦”¦～¦`^"),
                Arguments.of("falcon", "\u00a0¦a¦\u3000¦ \u0001¦e¦\u0301¦ ½²"),
                Arguments.of("deepseek-llm", "I¦'¦LL¦ pay¦ $¦1234¦.¦50¦,¦ it¦'¦s¦ ¦ OK"),
                Arguments.of("deepseek-llm", "HelloWorld¦ É¦t¦é¦X¦ na¦ï¦ve¦123"),
                Arguments.of("deepseek-llm", "a¦ ¦\n¦\n¦ ¦ b¦\t¦\tc¦  "),
                Arguments.of("deepseek-llm", "x¦+=(¦y¦*¦2¦)/¦3¦;¦\n¦//¦ok"),
                Arguments.of("deepseek-llm", "中文¦2024¦年¦，¦h¦é¦llo¦ ¦“¦q¦”¦～`^"),
                Arguments.of("deepseek-llm", "\u00a0a¦\u3000 \u0001¦e¦\u0301 ¦½²"),
                Arguments.of("deepseek-coder", "I¦'¦LL¦ pay¦ $¦1¦2¦3¦4¦.¦5¦0¦,¦ it¦'¦s¦ ¦ OK"),
                Arguments.of("deepseek-coder", "HelloWorld¦ ÉtéX¦ naïve¦1¦2¦3"),
                Arguments.of("deepseek-coder", "a¦ ¦\n¦\n¦ ¦ b¦\t¦\tc¦  "),
                Arguments.of("deepseek-coder", "x¦+=¦(¦y¦*¦2¦)/¦3¦;¦\n¦//¦ok"),
                Arguments.of("deepseek-coder", "中文¦2¦0¦2¦4¦年¦，¦héllo¦ ¦“¦q¦”¦～`^"),
                Arguments.of("deepseek-coder", "\u00a0a¦\u3000 \u0001¦e¦\u0301 ¦½¦²"));
    }

    @ParameterizedTest
    @MethodSource("pieces")
    void splits(String name, String pieces) {
        assertThat(split(name, pieces.replace(CUT, "").getBytes(StandardCharsets.UTF_8)))
                .containsExactly(pieces.split(CUT));
    }

    private static List<String> split(String name, byte[] text) {
        CodePoints points = CodePoints.of(text, 0, text.length);
        Cuts cuts = Pretokenizers.of(name).split(points);
        byte[] utf8 = points.utf8();
        List<String> pieces = new ArrayList<>();
        int point = 0;
        int start = 0;
        for (int i = 0; i < cuts.size(); i++) {
            int end = start;
            for (; point < cuts.end(i); point++) {
                end += points.utf8Length(point);
            }
            pieces.add(new String(utf8, start, end - start, StandardCharsets.UTF_8));
            start = end;
        }
        return pieces;
    }

    @Test
    void contractionsOfAnyCaseAndOfLowerCase() {
        String text = "'s'T're'VE'm'lL'd'x'";
        assertThat(split("llama-bpe", text.getBytes(StandardCharsets.UTF_8)))
                .containsExactly("'s", "'T", "'re", "'VE", "'m", "'lL", "'d", "'x", "'");
        assertThat(split("gpt-2", text.getBytes(StandardCharsets.UTF_8)))
                .containsExactly("'s", "'", "T", "'re", "'", "VE", "'m", "'", "lL", "'d", "'", "x", "'");
    }

    /// Every way of cutting loses nothing, whatever the text, and cuts no piece empty.
    @Test
    void piecesAreTheWholeText() {
        long seed = 20260304;
        for (String name : Pretokenizers.names()) {
            Random random = new Random(seed);
            for (int round = 0; round < 200; round++) {
                String text = random.ints(random.nextInt(30), 0, 0x3100)
                        .map(point -> random.nextInt(3) == 0 ? " \n\t'/a1".charAt(random.nextInt(7)) : point)
                        .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
                        .toString();
                List<String> pieces = split(name, text.getBytes(StandardCharsets.UTF_8));
                assertThat(String.join("", pieces))
                        .as("%s, seed %d, round %d", name, seed, round)
                        .isEqualTo(text);
                assertThat(pieces).doesNotContain("");
            }
        }
    }

    @Test
    void bytesThatAreNotUtf8AreReplacedOneByOne() {
        byte[] text = {
            'a',
            (byte) 0x80,
            (byte) 0xE2,
            (byte) 0x96,
            'b',
            (byte) 0xF8,
            (byte) 0xF7,
            (byte) 0xBF,
            (byte) 0xBF,
            (byte) 0xBF,
            (byte) 0xC3
        };
        CodePoints points = CodePoints.of(text, 0, text.length);
        assertThat(new String(points.utf8(), StandardCharsets.UTF_8))
                .isEqualTo("a\uFFFD\uFFFD\uFFFDb\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD");
    }

    @Test
    void otherNamesMeanTheSame() {
        assertThat(Pretokenizers.of("llama3")).isSameAs(Pretokenizers.of("llama-bpe"));
        assertThat(Pretokenizers.of("mpt")).isSameAs(Pretokenizers.of("gpt-2"));
        for (String name : List.of("refact", "command-r", "smollm")) {
            assertThat(Pretokenizers.of(name)).isSameAs(Pretokenizers.of("starcoder"));
        }
        assertThat(Pretokenizers.names()).doesNotHaveDuplicates();
    }

    @Test
    void onlySomeIgnoreMergesAndAddBos() {
        assertThat(Pretokenizers.names().stream()
                        .filter(name -> Pretokenizers.of(name).ignoreMerges()))
                .contains("llama-bpe", "tekken")
                .doesNotContain("qwen2", "gpt-2", "dbrx");
        assertThat(Pretokenizers.names().stream()
                        .filter(name -> Pretokenizers.of(name).addBos()))
                .contains("llama-bpe", "tekken")
                .doesNotContain("qwen2", "gpt-2", "dbrx");
    }

    @Test
    void unknownNamesAreRefusedWithTheKnownOnes() {
        assertThatThrownBy(() -> Pretokenizers.of("llama-bpe "))
                .isInstanceOf(ExcitorException.Unsupported.class)
                .hasMessageContainingAll("\"llama-bpe \"", "tokenizer.ggml.pre", "tekken", "command-r");
    }

    /// Every scanner on long runs of one kind of character: quadratic time would need hours, recursion would
    /// overflow.
    @Test
    @Timeout(60)
    void longRuns() {
        for (String name : List.of("llama-bpe", "tekken", "starcoder", "default", "falcon", "deepseek-llm")) {
            for (String unit : List.of("a", "É", " ", "\n", "1", "!", "'", "中", "Aa", " \n", "\t ", "'s")) {
                byte[] text = unit.repeat(200_000).getBytes(StandardCharsets.UTF_8);
                CodePoints points = CodePoints.of(text, 0, text.length);
                Cuts cuts = Pretokenizers.of(name).split(points);
                assertThat(cuts.end(cuts.size() - 1)).isEqualTo(points.size());
            }
        }
    }
}
