package dev.excitor.train.corpus;

import java.util.List;

/// Which combinations of words a story may use. A seventh of all combinations of two friends and a thing, and a seventh
/// of all of a thing, its colour and a place, never occur in what is trained on, and are all that held-out stories use.
///
/// Three words each and drawn by a hash, so that no two of them tell the third: who knows two can learn nothing about
/// what is held out, and has to read the story.
public enum Split {
    TRAIN,
    HELD_OUT;

    private static final int ONE_IN = 7;

    /// Whether a combination belongs to this part.
    boolean has(String first, String second, String third) {
        long mixed = 0;
        for (String word : List.of(first, second, third)) {
            // the steps of splitmix64, over hashes that the language specifies
            mixed = (mixed + word.hashCode()) * 0x9E3779B97F4A7C15L;
            mixed = (mixed ^ (mixed >>> 30)) * 0xBF58476D1CE4E5B9L;
            mixed ^= mixed >>> 31;
        }
        return (Math.floorMod(mixed, ONE_IN) == 0) == (this == HELD_OUT);
    }

    /// The things that two friends may have, whoever is named first.
    List<String> things(String friend, String other) {
        boolean ordered = friend.compareTo(other) < 0;
        return Words.THINGS.stream()
                .filter(thing -> ordered ? has(friend, other, thing) : has(other, friend, thing))
                .toList();
    }

    /// Where a thing of a colour may lie; possibly nowhere.
    List<String> spots(String thing, String colour) {
        return Words.SPOTS.stream().filter(spot -> has(thing, colour, spot)).toList();
    }
}
