package dev.excitor.train.corpus;

import java.util.List;

/// The words that stories are made of.
final class Words {

    /// Half of them are girls, and these come first.
    static final List<String> NAMES = List.of(
            "Mia", "Anna", "Lily", "Sue", "Emma", "Nora", "Ella", "Rose", "Kate", "Lucy", "Jane", "Amy", "Ruth", "Zoe",
            "Iris", "Clara", "Tom", "Ben", "Max", "Sam", "Leo", "Jack", "Finn", "Paul", "Tim", "Hugo", "Carl", "Adam",
            "Noah", "Luke", "Oscar", "Fred");

    static final List<String> THINGS = List.of(
            "ball", "kite", "book", "doll", "drum", "boat", "hat", "scarf", "cup", "bell", "box", "key", "lamp", "coat",
            "bag", "cap", "ring", "car", "train", "rope", "spoon", "plate", "pencil", "shell", "stone", "flute", "coin",
            "basket", "blanket", "bucket", "map", "pillow");

    static final List<String> COLOURS =
            List.of("red", "blue", "green", "yellow", "white", "black", "brown", "pink", "grey", "golden");

    /// Where a thing can lie. No two begin alike: a small model that has found a place's first word has found the
    /// place.
    static final List<String> SPOTS = List.of(
            "in the barn",
            "under the bed",
            "on the table",
            "behind the tree",
            "near the pond",
            "above the stove",
            "beside the well",
            "inside the tent",
            "below the stairs",
            "by the river",
            "outside the hut",
            "at the gate",
            "beyond the fence",
            "beneath the bridge",
            "among the flowers",
            "against the wall");

    /// Where people go.
    static final List<String> GOALS = List.of(
            "the park",
            "the market",
            "the beach",
            "the forest",
            "the school",
            "the village",
            "the lake",
            "the farm",
            "the station",
            "the mill",
            "the castle",
            "the meadow");

    static final List<String> WEATHERS =
            List.of("sunny", "rainy", "windy", "cold", "warm", "cloudy", "snowy", "quiet", "bright", "grey");

    static final List<String> TIMES = List.of("morning", "day", "evening", "afternoon");

    static final List<String> FEELINGS =
            List.of("happy", "sad", "tired", "proud", "angry", "scared", "bored", "excited", "calm", "shy");

    static final List<String> PETS =
            List.of("dog", "cat", "rabbit", "goat", "duck", "pony", "bird", "mouse", "hen", "fox", "lamb", "frog");

    static final List<String> PET_NAMES = List.of(
            "Rex", "Bella", "Spot", "Coco", "Rusty", "Daisy", "Pip", "Ginger", "Bruno", "Misty", "Toto", "Fluffy");

    /// Why somebody does something: a state and what it leads to, as a statement and as the end of a question.
    static final List<Cause> CAUSES = List.of(
            new Cause("was hungry", "ate an apple", "eat an apple"),
            new Cause("was very hungry", "ate some bread", "eat some bread"),
            new Cause("was thirsty", "drank some water", "drink some water"),
            new Cause("was hot", "swam in the lake", "swim in the lake"),
            new Cause("was cold", "made a fire", "make a fire"),
            new Cause("was wet", "sat by the stove", "sit by the stove"),
            new Cause("was sleepy", "went to bed", "go to bed"),
            new Cause("was lost", "asked a farmer", "ask a farmer"),
            new Cause("was late", "ran very fast", "run very fast"),
            new Cause("heard a noise", "looked out of the window", "look out of the window"),
            new Cause("saw a wolf", "climbed a tree", "climb a tree"),
            new Cause("found a flower", "began to sing", "begin to sing"),
            new Cause("lost a shoe", "began to cry", "begin to cry"),
            new Cause("won a race", "jumped for joy", "jump for joy"),
            new Cause("was ill", "called the doctor", "call the doctor"),
            new Cause("was dirty", "took a bath", "take a bath"));

    /// @param state what is the case
    /// @param deed  what somebody does because of it
    /// @param plain the deed's plain form, behind "did"
    record Cause(String state, String deed, String plain) {}

    private Words() {}

    static boolean isGirl(String name) {
        return NAMES.indexOf(name) < NAMES.size() / 2;
    }
}
