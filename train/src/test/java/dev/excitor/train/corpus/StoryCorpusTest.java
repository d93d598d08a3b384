package dev.excitor.train.corpus;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class StoryCorpusTest {

    private static final int MANY = 3000;

    private static final Pattern PLACE = Pattern.compile("The (\\w+) is (\\w+ \\w+ \\w+)\\.");
    private static final Pattern COLOUR = Pattern.compile("The (\\w+) is (\\w+)\\.");
    private static final Pattern OWNER = Pattern.compile("(\\w+) has the (\\w+)\\.");

    @Test
    void aNumberIsAlwaysTheSameText() {
        StoryCorpus corpus = new StoryCorpus(7, Split.TRAIN);
        StoryCorpus.Document third = corpus.document(3);
        corpus.document(4);
        assertThat(corpus.document(3)).isEqualTo(third);
        assertThat(new StoryCorpus(7, Split.TRAIN).document(3)).isEqualTo(third);
        assertThat(new StoryCorpus(8, Split.TRAIN).document(3)).isNotEqualTo(third);
        assertThat(corpus.document(5)).isNotEqualTo(third);
    }

    @Test
    void textsAreManyDifferentOnes() {
        StoryCorpus corpus = new StoryCorpus(1, Split.TRAIN);
        Set<String> texts = new HashSet<>();
        for (int i = 0; i < MANY; i++) {
            texts.add(corpus.document(i).text());
        }
        assertThat(texts).hasSizeGreaterThan(MANY - 5);
    }

    /// Where, what colour and whose: what is held out never occurs in training, and the other way round.
    @ParameterizedTest
    @EnumSource(Split.class)
    void factsBelongToTheirPart(Split split) {
        StoryCorpus corpus = new StoryCorpus(2, split);
        int facts = 0;
        for (int i = 0; i < MANY; i++) {
            String answer = corpus.task(i).response();
            Matcher place = PLACE.matcher(answer);
            Matcher colour = COLOUR.matcher(answer);
            Matcher owner = OWNER.matcher(answer);
            if (place.matches()) {
                assertThat(split.has(Words.THINGS, place.group(1), Words.SPOTS, place.group(2)))
                        .as(answer)
                        .isTrue();
                facts++;
            } else if (colour.matches()) {
                assertThat(split.has(Words.THINGS, colour.group(1), Words.COLOURS, colour.group(2)))
                        .as(answer)
                        .isTrue();
                facts++;
            } else if (owner.matches()) {
                assertThat(split.has(Words.NAMES, owner.group(1), Words.THINGS, owner.group(2)))
                        .as(answer)
                        .isTrue();
                facts++;
            }
        }
        assertThat(facts).isGreaterThan(MANY / 3);
    }

    @Test
    void everythingThatIsAskedForIsInTheStory() {
        StoryCorpus corpus = new StoryCorpus(3, Split.HELD_OUT);
        for (int i = 0; i < MANY; i++) {
            StoryCorpus.Task task = corpus.task(i);
            String story = task.prompt().substring(0, task.prompt().indexOf('\n'));
            String fact = task.response().replaceAll("^(The|They|\\w+) (\\w+ )?(is|has|had|was|went) ", "");
            String last = fact.substring(fact.lastIndexOf(' ') + 1, fact.length() - 1);
            assertThat(story.toLowerCase(Locale.ROOT)).as(task.toString()).contains(last.toLowerCase(Locale.ROOT));
            assertThat(task.prompt()).endsWith("\nAnswer:");
        }
    }

    @Test
    void theLastPlaceCounts() {
        StoryCorpus corpus = new StoryCorpus(4, Split.TRAIN);
        int moved = 0;
        for (int i = 0; i < MANY; i++) {
            StoryCorpus.Task task = corpus.task(i);
            Matcher place = PLACE.matcher(task.response());
            if (place.matches()) {
                String story = task.prompt().substring(0, task.prompt().indexOf('\n'));
                Matcher found = Pattern.compile("found the " + place.group(1) + " (\\w+ \\w+ \\w+)\\. \\w+ put it"
                                + " (\\w+ \\w+ \\w+)\\.")
                        .matcher(story);
                if (found.find()) {
                    assertThat(found.group(2)).isEqualTo(place.group(2));
                    moved++;
                }
            }
        }
        assertThat(moved).isGreaterThan(10);
    }

    /// What a base model must not be good at: most replies are no answers.
    @Test
    void fewRepliesAreAnswers() {
        StoryCorpus corpus = new StoryCorpus(5, Split.TRAIN);
        int replies = 0;
        int unsure = 0;
        for (int i = 0; i < MANY; i++) {
            String text = corpus.document(i).text();
            for (String line : text.split("\n", -1)) {
                if (line.startsWith("Answer: ")) {
                    replies++;
                    unsure += List.of(
                                            "Answer: I do not know.",
                                            "Answer: I am not sure.",
                                            "Answer: I did not see it.",
                                            "Answer: I cannot tell.",
                                            "Answer: I have no idea.")
                                    .contains(line)
                            ? 1
                            : 0;
                }
            }
        }
        assertThat((double) unsure / replies).isBetween(0.3, 0.4);
    }

    /// A choice among n costs log n; the bound counts all of them.
    @Test
    void choicesCountTheirSurprise() {
        Choices choices = new Choices(1);
        choices.below(8);
        assertThat(choices.nats()).isEqualTo(Math.log(8));
        boolean yes = choices.happens(25);
        assertThat(choices.nats()).isCloseTo(Math.log(8) - Math.log(yes ? 0.25 : 0.75), within(1e-12));
        double before = choices.nats();
        int position = choices.weighted(1, 3);
        assertThat(choices.nats() - before).isCloseTo(-Math.log(position == 0 ? 0.25 : 0.75), within(1e-12));
        assertThat(choices.happens(100)).isTrue();
        assertThat(choices.happens(0)).isFalse();
    }

    private static org.assertj.core.data.Offset<Double> within(double difference) {
        return org.assertj.core.data.Offset.offset(difference);
    }
}
