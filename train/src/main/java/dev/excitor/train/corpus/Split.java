package dev.excitor.train.corpus;

import java.util.List;

/// Which combinations of words a story may use. A seventh of the pairs of an owner and a thing, of a thing and a place,
/// and of a thing and a colour never occur in what is trained on, and are all that held-out stories use: to get these
/// right, a model must have learned how facts are put together and not which ones there are.
public enum Split {
    TRAIN,
    HELD_OUT;

    private static final int ONE_IN = 7;

    /// Whether a pair belongs to this part.
    boolean has(List<String> firsts, String first, List<String> seconds, String second) {
        // a diagonal pattern: some of every row of the table of pairs, and some of every column
        int pair = 5 * firsts.indexOf(first) + 3 * seconds.indexOf(second);
        boolean reserved = pair % ONE_IN == 0;
        return reserved == (this == HELD_OUT);
    }

    /// The seconds that may stand with a first.
    List<String> allowed(List<String> firsts, String first, List<String> seconds) {
        return seconds.stream()
                .filter(second -> has(firsts, first, seconds, second))
                .toList();
    }
}
