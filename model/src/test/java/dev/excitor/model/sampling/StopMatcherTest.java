package dev.excitor.model.sampling;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.excitor.runtime.ExcitorException.InvalidOption;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class StopMatcherTest {

    @Test
    void aStopStringAcrossPiecesEndsTheText() {
        StopMatcher matcher = new StopMatcher(List.of("</s>", "USER:"));
        assertThat(matcher.feed("Hello <")).isEqualTo("Hello ");
        assertThat(matcher.feed("b> U")).isEqualTo("<b> ");
        assertThat(matcher.feed("SE")).isEmpty();
        assertThat(matcher.stopped()).isFalse();
        assertThat(matcher.feed("R: more")).isEmpty();
        assertThat(matcher.stopped()).isTrue();
        assertThat(matcher.matched()).hasValue("USER:");
        assertThat(matcher.feed("more")).isEmpty();
        assertThat(matcher.flush()).isEmpty();
    }

    @Test
    void whatWasHeldBackIsTextAfterAll() {
        StopMatcher matcher = new StopMatcher(List.of("###"));
        assertThat(matcher.feed("a ##")).isEqualTo("a ");
        assertThat(matcher.flush()).isEqualTo("##");
        assertThat(matcher.feed("# b")).as("a flushed beginning counts no more").isEqualTo("# b");
        assertThat(matcher.matched()).isEmpty();
    }

    @Test
    void aFailedBeginningGivesWayToALaterOne() {
        StopMatcher matcher = new StopMatcher(List.of("aab"));
        assertThat(matcher.feed("aa")).isEmpty();
        assertThat(matcher.feed("a")).isEqualTo("a");
        assertThat(matcher.feed("bc")).isEmpty();
        assertThat(matcher.matched()).hasValue("aab");
    }

    @Test
    void ofTwoThatEndTogetherTheLongestCounts() {
        for (List<String> stops : List.of(List.of("END", "THE END"), List.of("THE END", "END"))) {
            StopMatcher matcher = new StopMatcher(stops);
            assertThat(matcher.feed("This is THE END.")).isEqualTo("This is ");
            assertThat(matcher.matched()).hasValue("THE END");
        }
    }

    @Test
    void theFirstCompleteOneWins() {
        StopMatcher matcher = new StopMatcher(List.of("xabc", "ab"));
        assertThat(matcher.feed("--xabc")).isEqualTo("--x");
        assertThat(matcher.matched()).hasValue("ab");
    }

    @Test
    void withoutStopStringsEverythingPasses() {
        StopMatcher matcher = new StopMatcher(List.of());
        assertThat(matcher.feed("a")).isEqualTo("a");
        assertThat(matcher.feed("")).isEmpty();
        assertThat(matcher.flush()).isEmpty();
    }

    @Test
    void resetForgetsEverything() {
        StopMatcher matcher = new StopMatcher(List.of("ab"));
        matcher.feed("ab");
        matcher.reset();
        assertThat(matcher.stopped()).isFalse();
        assertThat(matcher.feed("ca")).isEqualTo("c");
        matcher.reset();
        assertThat(matcher.feed("b")).isEqualTo("b");
    }

    @Test
    void surrogatePairsAreNeverCut() {
        StopMatcher matcher = new StopMatcher(List.of("\uD83D\uDE00"));
        assertThat(matcher.feed("x\uD83D")).isEqualTo("x");
        assertThat(matcher.feed("\uDE01")).isEqualTo("\uD83D\uDE01");
        assertThat(matcher.feed("y\uD83D\uDE00z")).isEqualTo("y");
        assertThat(matcher.stopped()).isTrue();
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "\uD83D", "\uDE00", "a\uD83Db"})
    void stopStringsThatCanNeverBeSeenAreRefused(String stop) {
        assertThatThrownBy(() -> new StopMatcher(List.of("fine", stop)))
                .isInstanceOf(InvalidOption.class)
                .hasMessageContaining("A stop string");
    }

    /// The definition, on the whole text: the shortest beginning of it that ends with a stop string.
    private static String before(String text, List<String> stops) {
        for (int end = 1; end <= text.length(); end++) {
            int longest = 0;
            for (String stop : stops) {
                longest = text.startsWith(stop, end - stop.length()) ? Math.max(longest, stop.length()) : longest;
            }
            if (longest > 0) {
                return text.substring(0, end - longest);
            }
        }
        return text;
    }

    private static String random(SplittableRandom random, int from, int to) {
        StringBuilder text = new StringBuilder();
        for (int length = random.nextInt(from, to); length > 0; length--) {
            text.append((char) ('a' + random.nextInt(2)));
        }
        return text.toString();
    }

    /// Two letters only, so that the stop strings overlap themselves and each other in every way.
    @Test
    void equalsTheDefinitionHoweverTheTextIsCut() {
        long seed = 31;
        SplittableRandom random = new SplittableRandom(seed);
        int matches = 0;
        for (int round = 0; round < 20_000; round++) {
            List<String> stops = new ArrayList<>();
            for (int count = random.nextInt(1, 4); count > 0; count--) {
                stops.add(random(random, 1, 9));
            }
            String text = random(random, 0, 40);
            StopMatcher matcher = new StopMatcher(stops);
            StringBuilder shown = new StringBuilder();
            int at = 0;
            while (at < text.length()) {
                int end = Math.min(text.length(), at + random.nextInt(1, 6));
                shown.append(matcher.feed(text.substring(at, end)));
                at = end;
                if (!matcher.stopped()) {
                    String held = text.substring(shown.length(), at);
                    assertThat(held.isEmpty() || stops.stream().anyMatch(stop -> stop.startsWith(held)))
                            .as("seed %d, round %d: held back '%s' of '%s' for %s", seed, round, held, text, stops)
                            .isTrue();
                }
            }
            shown.append(matcher.flush());
            assertThat(shown.toString())
                    .as("seed %d, round %d, '%s' with %s", seed, round, text, stops)
                    .isEqualTo(before(text, stops));
            matches += matcher.stopped() ? 1 : 0;
        }
        assertThat(matches).as("rounds that matched").isBetween(1_000, 19_999);
    }
}
