package dev.excitor.train.vocabulary;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/// Learns a vocabulary from text: of all neighbours inside words the pair that occurs most often becomes a token, again
/// and again. What merges first scores highest, so that a SentencePiece tokenizer does the same in the same order.
///
/// Rico Sennrich, Barry Haddow and Alexandra Birch, "Neural Machine Translation of Rare Words with Subword Units",
/// 2016.
public final class VocabularyTrainer {

    /// A space, as SentencePiece writes it.
    static final char SPACE = '\u2581';

    /// A pair must occur this often to be worth a token.
    private static final long LEAST = 2;

    private record Pair(String left, String right) {
        String joined() {
            return left + right;
        }
    }

    /// The parts of a word so far, and how often the word occurs.
    private static final class Word {
        final List<String> parts;
        final long count;

        Word(String text, long count) {
            parts = new ArrayList<>(
                    text.codePoints().mapToObj(Character::toString).toList());
            this.count = count;
        }

        void merge(Pair pair) {
            for (int i = 0; i + 1 < parts.size(); i++) {
                if (parts.get(i).equals(pair.left) && parts.get(i + 1).equals(pair.right)) {
                    parts.set(i, pair.joined());
                    parts.remove(i + 1);
                }
            }
        }
    }

    private final Map<String, Long> words = new TreeMap<>();

    /// Counts the words of a text that begins where a space is to be thought before it.
    public VocabularyTrainer add(String text) {
        String spaced = SPACE + text.replace(' ', SPACE);
        int start = 0;
        for (int i = 1; i <= spaced.length(); i++) {
            if (i == spaced.length() || !joins(spaced.charAt(i - 1), spaced.charAt(i))) {
                words.merge(spaced.substring(start, i), 1L, Long::sum);
                start = i;
            }
        }
        return this;
    }

    /// Whether two characters belong to one word: letters do, and a space belongs to the letters behind it.
    private static boolean joins(char left, char right) {
        return Character.isLetter(right) && (Character.isLetter(left) || left == SPACE);
    }

    /// @param size most tokens, those for control and the 256 bytes included; fewer when no pair occurs twice any more
    public StoryVocabulary train(int size) {
        List<String> tokens = new ArrayList<>(characters());
        int room = size - StoryVocabulary.FIXED;
        if (room < tokens.size()) {
            throw new IllegalArgumentException("a vocabulary of this text needs at least %d tokens, not %d"
                    .formatted(StoryVocabulary.FIXED + tokens.size(), size));
        }
        List<Word> all = words.entrySet().stream()
                .map(entry -> new Word(entry.getKey(), entry.getValue()))
                .toList();
        int characters = tokens.size();
        while (tokens.size() < room) {
            Map<Pair, Long> pairs = count(all);
            // of equals the first in the alphabet, so that the result depends on the text alone
            var best = pairs.entrySet().stream()
                    .filter(entry -> entry.getValue() >= LEAST)
                    .max(Map.Entry.<Pair, Long>comparingByValue()
                            .thenComparing(
                                    Map.Entry::getKey,
                                    Comparator.comparing(Pair::joined)
                                            .thenComparing(Pair::left)
                                            .reversed()));
            if (best.isEmpty()) {
                break;
            }
            Pair pair = best.get().getKey();
            all.forEach(word -> word.merge(pair));
            if (!tokens.contains(pair.joined())) {
                tokens.add(pair.joined());
            }
        }
        return new StoryVocabulary(tokens, characters);
    }

    private static Map<Pair, Long> count(List<Word> words) {
        Map<Pair, Long> pairs = new HashMap<>();
        for (Word word : words) {
            for (int i = 0; i + 1 < word.parts.size(); i++) {
                pairs.merge(new Pair(word.parts.get(i), word.parts.get(i + 1)), word.count, Long::sum);
            }
        }
        return pairs;
    }

    private Set<String> characters() {
        Set<String> found = new TreeSet<>();
        for (String word : words.keySet()) {
            // a line's end is a byte
            word.codePoints()
                    .filter(character -> !Character.isISOControl(character))
                    .mapToObj(Character::toString)
                    .forEach(found::add);
        }
        return found;
    }
}
