package dev.excitor.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.excitor.model.sampling.SamplerSettings;
import dev.excitor.runtime.ExcitorException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// Prompts and options that come from strangers, through the whole of a generation. What the tokenizer and the sampler
/// owe has tests beside them.
@Timeout(120)
class HostilePromptTest {

    private static final GenerationOptions GREEDY =
            GenerationOptions.defaults().sampler(SamplerSettings.greedy()).ignoreEnd(true);

    @TempDir
    Path folder;

    private Model model;
    private Session session;

    @BeforeEach
    void open() {
        model = Model.open(TinyModel.standard().write(folder.resolve("tiny.gguf")));
        session = model.newSession();
    }

    @AfterEach
    void close() {
        session.close();
        model.close();
    }

    @Test
    void anEmptyPromptStartsFromTheBeginTokenOrIsRefused() {
        assertThat(session.generate("", options -> options.maxTokens(2).ignoreEnd(true))
                        .stats())
                .isEqualTo(new Generation.Stats(1, 0, 0, 0));
        assertThatThrownBy(() -> session.generate(new int[0], GREEDY).text())
                .isInstanceOf(ExcitorException.InvalidOption.class)
                .hasMessageContaining("at least one token");
        assertThat(session.position()).isZero();
    }

    @Test
    void tenMegabytesAreRefusedAndLeaveTheSessionUsable() {
        session.append(1, 70);
        assertThatThrownBy(() -> session.generate("a".repeat(10_000_000)).text())
                .isInstanceOf(ExcitorException.ContextFull.class)
                .hasMessageContaining("holds " + TinyModel.CONTEXT);
        assertThat(session.position()).isEqualTo(2);
        session.append(71);
    }

    @Test
    void loneSurrogatesAreText() {
        Generation generation = session.generate(
                "\uD800a\uDC00", options -> options.maxTokens(2).ignoreEnd(true));
        generation.text();
        assertThat(generation.stopReason()).contains(StopReason.MAX_TOKENS);
    }

    /// The bytes of `</s>` are four tokens of text, not the token that ends it.
    @Test
    void controlTokensInAPromptStayTextUnlessAskedFor() {
        assertThat(session.generate("</s>", options -> options).stats().promptTokens())
                .isGreaterThan(4);
        assertThat(session.generate("</s>", options -> options.parseSpecial(true))
                        .stats()
                        .promptTokens())
                .isEqualTo(2);
    }

    @Test
    void promptsOfControlTokensAloneAreTexts() {
        Generation generation = session.generate(new int[] {2, 2, 0, 1, 1, 2}, GREEDY.maxTokens(3));
        generation.text();
        assertThat(generation.stats().generatedTokens()).isEqualTo(3);
    }

    @Test
    void numbersOfTokensAreZeroOrMoreOrMinusOne() {
        for (int n : new int[] {-2, Integer.MIN_VALUE}) {
            assertThatThrownBy(() -> GREEDY.maxTokens(n))
                    .isInstanceOf(ExcitorException.InvalidOption.class)
                    .hasMessageContaining("-n")
                    .hasMessageContaining(String.valueOf(n));
        }
        Generation none = session.generate(new int[] {1, 70}, GREEDY.maxTokens(0));
        assertThat(none.text()).isEmpty();
        assertThat(none.stopReason()).contains(StopReason.MAX_TOKENS);
        assertThat(session.position())
                .as("the prompt is in the session all the same")
                .isEqualTo(2);
        for (int n : new int[] {-1, Integer.MAX_VALUE}) {
            session.truncate(0);
            Generation endless = session.generate(new int[] {1, 70}, GREEDY.maxTokens(n));
            endless.text();
            assertThat(endless.stopReason()).contains(StopReason.CONTEXT_FULL);
            assertThat(session.position()).isEqualTo(TinyModel.CONTEXT);
        }
    }

    @Test
    void samplerSettingsAreCheckedBeforeAnythingIsComputed() {
        List<Float> impossible = List.of(Float.NaN, -1f, Float.POSITIVE_INFINITY);
        for (float temperature : impossible) {
            assertThatThrownBy(() -> session.generate("a", options -> options.temperature(temperature)))
                    .isInstanceOf(ExcitorException.InvalidOption.class)
                    .hasMessageContaining("--temp");
        }
        assertThat(session.position()).isZero();
    }

    /// Bytes of one vocabulary entry each: the stop string comes in as many pieces as it has letters.
    @Test
    void aStopStringSplitAcrossTokensEndsTheTextBeforeIt() {
        session.append(1, 70);
        Generation free = session.generate(new int[0], GREEDY.maxTokens(40));
        String text = free.text();
        assertThat(text.length()).as("a text to stop in").isGreaterThan(12);
        String stop = text.substring(5, 9);
        session.truncate(0);
        session.append(1, 70);
        Generation stopped = session.generate(new int[0], GREEDY.maxTokens(40).stops(List.of(stop)));
        assertThat(stopped.text()).isEqualTo(text.substring(0, text.indexOf(stop)));
        assertThat(stopped.stopReason()).contains(StopReason.STOP_STRING);
    }

    @Test
    void everySeedGivesAText() {
        for (long seed : new long[] {0, -2, Long.MIN_VALUE, Long.MAX_VALUE, 0xFFFF_FFFFL}) {
            session.truncate(0);
            Generation generation = session.generate(
                    "a", options -> options.seed(seed).maxTokens(4).ignoreEnd(true));
            generation.text();
            assertThat(generation.seed()).hasValue(seed);
            assertThat(generation.stats().generatedTokens()).isEqualTo(4);
        }
    }

    @Test
    void sessionOptionsAreChecked() {
        for (int batch : new int[] {0, -1, Integer.MIN_VALUE, 1 << 20}) {
            assertThatThrownBy(() -> SessionOptions.defaults().batch(batch))
                    .isInstanceOf(ExcitorException.InvalidOption.class)
                    .hasMessageContaining("-b");
        }
        assertThatThrownBy(() -> SessionOptions.defaults().context(-1))
                .isInstanceOf(ExcitorException.InvalidOption.class)
                .hasMessageContaining("-c");
    }
}
