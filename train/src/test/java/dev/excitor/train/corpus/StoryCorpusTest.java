package dev.excitor.train.corpus;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class StoryCorpusTest {

    private static final int MANY = 3000;

    private static final Pattern FRIENDS = Pattern.compile("([A-Z]\\w+) (?:and|sat with) ([A-Z]\\w+)");
    private static final Pattern THING = Pattern.compile("(?:had|brought|had got) a "
            + "(?:(?<before>\\w+) (?<thing>\\w+)(?:\\.| for)|(?<same>\\w+)\\. The \\k<same> was (?<behind>\\w+)\\.)");
    private static final Pattern PUT = Pattern.compile("(?:put|hid|left) the (\\w+) (\\w+ the \\w+)\\.");

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

    /// Both friends with each of their things, and each thing with its colour and place: what is held out never occurs
    /// in training, and the other way round.
    @ParameterizedTest
    @EnumSource(Split.class)
    void combinationsBelongToTheirPart(Split split) {
        StoryCorpus corpus = new StoryCorpus(2, split);
        int places = 0;
        for (int i = 0; i < MANY; i++) {
            String story = corpus.story(i);
            Matcher friends = FRIENDS.matcher(story);
            assertThat(friends.find()).as(story).isTrue();
            List<String> things = split.things(friends.group(1), friends.group(2));
            Map<String, String> colours = new HashMap<>();
            Matcher thing = THING.matcher(story);
            while (thing.find()) {
                boolean before = thing.group("thing") != null;
                String what = thing.group(before ? "thing" : "same");
                assertThat(things).as(story).contains(what);
                colours.put(what, thing.group(before ? "before" : "behind"));
            }
            assertThat(colours).as(story).isNotEmpty();
            Matcher put = PUT.matcher(story);
            while (put.find()) {
                String colour = colours.getOrDefault(put.group(1), "a colour that no story said");
                assertThat(split.has(put.group(1), colour, put.group(2)))
                        .as(story)
                        .isTrue();
                places++;
            }
        }
        assertThat(places).isGreaterThan(MANY / 2);
    }

    /// A seventh of all combinations, of whatever two words: who knows two of three can tell nothing of the third.
    @Test
    void heldOutIsASeventhOfEveryRow() {
        int all = 0;
        int heldOut = 0;
        for (String name : Words.NAMES) {
            for (String other : Words.NAMES) {
                if (!name.equals(other)) {
                    List<String> train = Split.TRAIN.things(name, other);
                    List<String> kept = Split.HELD_OUT.things(name, other);
                    assertThat(train).noneMatch(kept::contains);
                    assertThat(Split.HELD_OUT.things(other, name)).isEqualTo(kept);
                    all += train.size() + kept.size();
                    heldOut += kept.size();
                }
            }
        }
        assertThat(all).isEqualTo(Words.NAMES.size() * (Words.NAMES.size() - 1) * Words.THINGS.size());
        assertThat((double) heldOut / all).isCloseTo(1 / 7.0, within(0.01));
        for (String thing : Words.THINGS) {
            long kept = Words.COLOURS.stream()
                    .mapToLong(colour -> Split.HELD_OUT.spots(thing, colour).size())
                    .sum();
            assertThat((double) kept / (Words.COLOURS.size() * Words.SPOTS.size()))
                    .as(thing)
                    .isCloseTo(1 / 7.0, within(0.1));
        }
    }

    /// What is measured has not been trained on: not one prompt of the held-out part begins as a text of the other.
    @Test
    void noHeldOutStoryIsTrainedOn() {
        Set<String> trained = new HashSet<>();
        StoryCorpus train = new StoryCorpus(1, Split.TRAIN);
        for (int i = 0; i < 20_000; i++) {
            trained.add(train.document(i).text().split("\n", -1)[0]);
            trained.add(train.story(i));
        }
        StoryCorpus heldOut = new StoryCorpus(1, Split.HELD_OUT);
        for (int i = 0; i < MANY; i++) {
            assertThat(trained).doesNotContain(heldOut.task(i).prompt().split("\n", -1)[0]);
        }
    }

    @Test
    void everythingThatIsAskedForIsInTheStory() {
        StoryCorpus corpus = new StoryCorpus(3, Split.HELD_OUT);
        Set<String> kinds = new HashSet<>();
        for (int i = 0; i < MANY; i++) {
            StoryCorpus.Task task = corpus.task(i);
            kinds.add(task.kind());
            String story = task.prompt().substring(0, task.prompt().indexOf('\n'));
            String fact = task.response().replaceAll("^(The|They|\\w+) (\\w+ )?(is|lies|belongs|was|went) ", "");
            String last = fact.substring(fact.lastIndexOf(' ') + 1, fact.length() - 1);
            assertThat(story.toLowerCase(Locale.ROOT)).as(task.toString()).contains(last.toLowerCase(Locale.ROOT));
            assertThat(task.prompt()).endsWith("\nAnswer:");
        }
        assertThat(kinds).containsExactlyInAnyOrder("colour", "owner", "place", "feeling", "cause");
    }

    /// Who was given a thing, or took it, has it from then on, and puts it where it lies.
    @Test
    void theLastOwnerCounts() {
        StoryCorpus corpus = new StoryCorpus(4, Split.TRAIN);
        Pattern owner = Pattern.compile("The (\\w+) belongs to (\\w+)\\.");
        int moved = 0;
        for (int i = 0; i < MANY; i++) {
            StoryCorpus.Task task = corpus.task(i);
            Matcher answer = owner.matcher(task.response());
            if (answer.matches()) {
                String thing = answer.group(1);
                Matcher given = Pattern.compile("gave the " + thing + " to (\\w+)\\.|Then (\\w+) took the " + thing)
                        .matcher(task.prompt());
                if (given.find()) {
                    assertThat(given.group(1) == null ? given.group(2) : given.group(1))
                            .isEqualTo(answer.group(2));
                    moved++;
                }
            }
        }
        assertThat(moved).isGreaterThan(100);
    }

    /// A place's first word tells the place.
    @Test
    void noTwoPlacesBeginAlike() {
        assertThat(Words.SPOTS.stream().map(spot -> spot.split(" ", -1)[0])).doesNotHaveDuplicates();
    }

    /// What a base model must not be good at: after most stories, the first reply is no answer, and no sentence that
    /// answers either.
    @Test
    void fewFirstRepliesAreAnswers() {
        StoryCorpus corpus = new StoryCorpus(5, Split.TRAIN);
        List<String> unknown =
                List.of("I do not know.", "I am not sure.", "I did not see it.", "I cannot tell.", "I have no idea.");
        int asked = 0;
        int unsure = 0;
        for (int i = 0; i < MANY; i++) {
            Matcher first =
                    Pattern.compile("\nAnswer: (.*)").matcher(corpus.document(i).text());
            if (first.find()) {
                asked++;
                unsure += unknown.contains(first.group(1)) ? 1 : 0;
            }
        }
        assertThat(asked).isGreaterThan(MANY / 2);
        assertThat((double) unsure / asked).isBetween(0.33, 0.43);
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
