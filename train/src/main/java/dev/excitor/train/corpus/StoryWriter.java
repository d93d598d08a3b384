package dev.excitor.train.corpus;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Makes up one story: two people, a thing of theirs, sometimes two, and what becomes of it, with a cause and its
/// effect, an animal or a feeling in between. It keeps the state of its small world, and the questions come from that
/// state at the end.
final class StoryWriter {

    private static final int MOST_THINGS = 2;

    private final Choices choices;
    private final Split split;
    private final List<String> sentences = new ArrayList<>();
    private final List<Question> questions = new ArrayList<>();
    private final List<Item> items = new ArrayList<>();
    private final String first;
    private final String second;

    /// Something that somebody has, or that lies somewhere.
    private static final class Item {
        final String thing;
        final String colour;
        String owner;

        @Nullable
        String spot;

        Item(String thing, String colour, String owner) {
            this.thing = thing;
            this.colour = colour;
            this.owner = owner;
        }
    }

    private StoryWriter(Choices choices, Split split) {
        this.choices = choices;
        this.split = split;
        first = choices.of(Words.NAMES);
        second = choices.of(Words.NAMES.stream()
                .filter(name -> !name.equals(first) && split.things(first, name).size() >= MOST_THINGS)
                .toList());
    }

    static Story write(Choices choices, Split split) {
        return new StoryWriter(choices, split).write();
    }

    private Story write() {
        opening();
        int count = 1 + choices.weighted(9, 1);
        for (int i = 0; i < count; i++) {
            introduce(i == 0 ? first : choices.of(first, second));
            if (choices.happens(25)) {
                aside();
            }
        }
        for (Item item : items) {
            if (choices.happens(30)) {
                give(item);
            }
            if (choices.happens(85)) {
                put(item);
            }
            if (choices.happens(20)) {
                aside();
            }
        }
        if (choices.happens(50)) {
            cause(choices.of(first, second));
        }
        if (choices.happens(40)) {
            ending();
        }
        items.forEach(this::ask);
        return new Story(String.join(" ", sentences), questions);
    }

    private void opening() {
        String weather = choices.of(Words.WEATHERS);
        String time = choices.of(Words.TIMES);
        switch (choices.below(4)) {
            case 0 -> say("One %s %s, %s and %s went to %s.", weather, time, first, second, choices.of(Words.GOALS));
            case 1 ->
                say(
                        "%s and %s were friends. On a %s %s they walked to %s.",
                        first, second, weather, time, choices.of(Words.GOALS));
            case 2 -> say("It was a %s %s. %s sat with %s.", weather, time, first, second);
            default -> say("Once upon a time there were two friends, %s and %s.", first, second);
        }
    }

    /// A new thing of somebody's, other than all so far.
    private void introduce(String owner) {
        List<String> things = new ArrayList<>(split.things(first, second));
        items.forEach(item -> things.remove(item.thing));
        String thing = choices.of(things);
        String colour = choices.of(Words.COLOURS);
        items.add(new Item(thing, colour, owner));
        switch (choices.below(5)) {
            case 0 -> say("%s had a %s %s.", owner, colour, thing);
            case 1 -> say("%s brought a %s %s.", owner, colour, thing);
            case 2 -> say("%s had got a %s %s for a present.", owner, colour, thing);
            case 3 -> say("%s had a %s. The %s was %s.", owner, thing, thing, colour);
            default -> say("%s brought a %s. The %s was %s.", owner, thing, thing, colour);
        }
    }

    private void give(Item item) {
        String other = item.owner.equals(first) ? second : first;
        if (choices.happens(50)) {
            say("%s gave the %s to %s.", item.owner, item.thing, other);
        } else {
            say("Then %s took the %s.", other, item.thing);
        }
        item.owner = other;
    }

    private void put(Item item) {
        List<String> spots = split.spots(item.thing, item.colour);
        if (spots.isEmpty()) {
            return;
        }
        String spot = choices.of(spots);
        switch (choices.below(3)) {
            case 0 -> say("%s put the %s %s.", item.owner, item.thing, spot);
            case 1 -> say("%s hid the %s %s.", item.owner, item.thing, spot);
            default -> say("Later %s left the %s %s.", item.owner, item.thing, spot);
        }
        item.spot = spot;
    }

    /// Something beside the point.
    private void aside() {
        String who = choices.of(first, second);
        switch (choices.below(3)) {
            case 0 ->
                say(choices.of(
                        "The birds sang.",
                        "The sun was shining.",
                        "It began to rain.",
                        "A cloud passed by.",
                        "They laughed and talked.",
                        "A bell rang far away."));
            case 1 -> {
                if (questions.stream().noneMatch(question -> question.text().startsWith("How"))) {
                    String feeling = choices.of(Words.FEELINGS);
                    say("%s was %s.", who, feeling);
                    ask(
                            "feeling",
                            "How did %s feel?".formatted(who),
                            who + " was %s.",
                            feeling,
                            Words.FEELINGS,
                            capital(feeling) + ".");
                }
            }
            default -> say("%s had a %s that was called %s.", who, choices.of(Words.PETS), choices.of(Words.PET_NAMES));
        }
    }

    private void cause(String who) {
        Words.Cause cause = choices.of(Words.CAUSES);
        if (choices.happens(50)) {
            say("%s %s, so %s %s.", who, cause.state(), pronoun(who), cause.deed());
        } else {
            say("%s %s because %s %s.", who, cause.deed(), pronoun(who), cause.state());
        }
        ask(
                "cause",
                "Why did %s %s?".formatted(who, cause.plain()),
                who + " %s.",
                cause.state(),
                Words.CAUSES.stream().map(Words.Cause::state).toList(),
                "%s %s.".formatted(capital(pronoun(who)), cause.state()));
    }

    private void ending() {
        say(choices.of(
                "Then they went home.",
                "It was a good day.",
                "In the evening they were tired and went home.",
                "They played until it was dark.",
                "That was the end of the day."));
    }

    private void ask(Item item) {
        String thing = item.thing;
        ask(
                "colour",
                "What colour is the %s?".formatted(thing),
                "The " + thing + " is %s.",
                item.colour,
                Words.COLOURS,
                capital(item.colour) + ".");
        ask(
                "owner",
                "Whose is the %s?".formatted(thing),
                "The " + thing + " belongs to %s.",
                item.owner,
                Words.NAMES,
                item.owner + ".");
        if (item.spot != null) {
            ask(
                    "place",
                    "Where is the %s?".formatted(thing),
                    "The " + thing + " lies %s.",
                    item.spot,
                    Words.SPOTS,
                    capital(item.spot) + ".");
        }
    }

    /// @param kind  what is asked for, in a word
    /// @param frame a sentence with a place for what is asked for
    /// @param fact  what is asked for
    /// @param facts all that could stand there
    private void ask(String kind, String question, String frame, String fact, List<String> facts, String brief) {
        List<String> answers =
                facts.stream().map(each -> frame.replace("%s", each)).toList();
        questions.add(new Question(kind, question, frame.replace("%s", fact), brief, answers));
    }

    @SuppressWarnings("AnnotateFormatMethod") // that annotation would be a dependency of the program
    private void say(String sentence, Object... words) {
        sentences.add(sentence.formatted(words));
    }

    private static String pronoun(String name) {
        return Words.isGirl(name) ? "she" : "he";
    }

    private static String capital(String words) {
        return Character.toUpperCase(words.charAt(0)) + words.substring(1);
    }
}
