package dev.excitor.model.sampling;

import dev.excitor.runtime.ExcitorException.InvalidOption;
import java.util.List;
import java.util.Optional;

/// Ends a streamed text at the first stop string, wherever the pieces of the text are cut.
///
/// Text that may yet turn out to be the beginning of a stop string is held back, and nothing else is. The text ends
/// where a stop string is first complete; of several that are complete at the same character, the longest counts. So
/// the result does not depend on the borders between the pieces.
///
/// One automaton of Knuth, Morris and Pratt per stop string: each character is looked at once for each of them, however
/// many partial matches it ends, and nothing but the held text is remembered.
public final class StopMatcher {

    private final Automaton[] automata;
    private final StringBuilder text = new StringBuilder();
    private Optional<String> matched = Optional.empty();

    /// @param stops the stop strings; with none, all text passes
    /// @throws InvalidOption if one of them is empty or cuts a character in half
    public StopMatcher(List<String> stops) {
        this.automata = stops.stream().map(Automaton::new).toArray(Automaton[]::new);
    }

    /// Takes the next piece of the text.
    ///
    /// @return what is safe to show now: never a part of a stop string that could still become complete
    public String feed(String piece) {
        if (matched.isPresent()) {
            return "";
        }
        for (int i = 0; i < piece.length(); i++) {
            char next = piece.charAt(i);
            text.append(next);
            int longest = 0;
            for (Automaton automaton : automata) {
                if (automaton.advance(next) && automaton.stop.length() > longest) {
                    longest = automaton.stop.length();
                    matched = Optional.of(automaton.stop);
                }
            }
            if (longest > 0) {
                return take(text.length() - longest, true);
            }
        }
        int held = 0;
        for (Automaton automaton : automata) {
            held = Math.max(held, automaton.length);
        }
        return take(text.length() - held, false);
    }

    /// Ends the text.
    ///
    /// @return what was held back, which is text after all; empty if a stop string was found
    public String flush() {
        for (Automaton automaton : automata) {
            automaton.length = 0;
        }
        return take(text.length(), true);
    }

    /// Whether a stop string was found; from then on no text passes.
    public boolean stopped() {
        return matched.isPresent();
    }

    /// The stop string that was found.
    public Optional<String> matched() {
        return matched;
    }

    /// Forgets everything, for another text.
    public void reset() {
        flush();
        matched = Optional.empty();
    }

    private String take(int count, boolean forget) {
        String taken = text.substring(0, count);
        text.delete(0, forget ? text.length() : count);
        return taken;
    }

    /// How much of one stop string the text's end matches.
    private static final class Automaton {
        private final String stop;

        /// For each length matched, the length of the next shorter match that ends at the same place.
        private final int[] shorter;

        private int length;

        Automaton(String stop) {
            if (stop.isEmpty()) {
                throw new InvalidOption("A stop string", "at least one character long", "empty");
            }
            if (stop.codePoints().anyMatch(c -> c >= Character.MIN_SURROGATE && c <= Character.MAX_SURROGATE)) {
                throw new InvalidOption("A stop string", "valid Unicode", "cut in the middle of a character");
            }
            this.stop = stop;
            this.shorter = new int[stop.length() + 1];
            for (int i = 1; i < stop.length(); i++) {
                advance(stop.charAt(i));
                shorter[i + 1] = length;
            }
            length = 0;
        }

        /// @return whether the whole stop string is matched now
        boolean advance(char next) {
            while (length > 0 && stop.charAt(length) != next) {
                length = shorter[length];
            }
            if (stop.charAt(length) == next) {
                length++;
            }
            return length == stop.length();
        }
    }
}
