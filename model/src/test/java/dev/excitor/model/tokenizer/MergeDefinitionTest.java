package dev.excitor.model.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The queue against the definition: look at all pairs, merge the best, begin again. Small random vocabularies, many
/// merges of equal priority, texts of few letters.
class MergeDefinitionTest {
    private static final long SEED = 20260302;

    @TempDir
    Path folder;

    @Test
    void bpe() {
        Random random = new Random(SEED);
        for (int round = 0; round < 30; round++) {
            SmallVocabulary vocabulary = SmallVocabulary.bpe();
            for (int i = 0; i < 30; i++) {
                vocabulary.merge(piece(vocabulary, random, 256), piece(vocabulary, random, 256));
            }
            Tokenizer tokenizer =
                    Vocabularies.make(vocabulary.writer(folder, "pre").string("tokenizer.ggml.pre", "gpt-2"));
            for (int i = 0; i < 50; i++) {
                String text = word(random, 1 + random.nextInt(60));
                List<String> symbols = letters(text);
                for (int best = bestMerge(vocabulary, symbols); best >= 0; best = bestMerge(vocabulary, symbols)) {
                    join(symbols, best);
                }
                assertThat(tokens(tokenizer, text))
                        .as("seed %d, round %d, %s, merges %s", SEED, round, text, vocabulary.merges())
                        .isEqualTo(symbols);
            }
        }
    }

    private static int bestMerge(SmallVocabulary vocabulary, List<String> symbols) {
        int best = -1;
        int bestRank = Integer.MAX_VALUE;
        for (int i = 0; i + 1 < symbols.size(); i++) {
            int rank = vocabulary.merges().indexOf(symbols.get(i) + " " + symbols.get(i + 1));
            if (rank >= 0 && rank < bestRank) {
                best = i;
                bestRank = rank;
            }
        }
        return best;
    }

    @Test
    void sentencePiece() {
        Random random = new Random(SEED);
        float[] scores = {0f, -0f, -1f, -2f, 3.5f, Float.NEGATIVE_INFINITY, Float.POSITIVE_INFINITY, Float.MIN_VALUE};
        for (int round = 0; round < 30; round++) {
            SmallVocabulary vocabulary = SmallVocabulary.sentencePiece();
            List<Float> given = new ArrayList<>();
            for (String letter : List.of("a", "b", "c", "▁")) {
                vocabulary.token(letter, 0, TokenType.NORMAL);
                given.add(0f);
            }
            for (int i = 0; i < 30; i++) {
                String piece = piece(vocabulary, random, 259) + piece(vocabulary, random, 259);
                if (vocabulary.find(piece) < 0) {
                    given.add(scores[random.nextInt(scores.length)]);
                    vocabulary.token(piece, given.getLast(), TokenType.NORMAL);
                }
            }
            Tokenizer tokenizer = vocabulary.make(folder);
            for (int i = 0; i < 50; i++) {
                String text = word(random, 1 + random.nextInt(60)).replace('c', random.nextBoolean() ? ' ' : 'c');
                List<String> symbols = letters("▁" + text.replace(' ', '▁'));
                for (int best = bestScore(vocabulary, given, symbols);
                        best >= 0;
                        best = bestScore(vocabulary, given, symbols)) {
                    join(symbols, best);
                }
                assertThat(tokens(tokenizer, text))
                        .as("seed %d, round %d, %s", SEED, round, text)
                        .isEqualTo(symbols);
            }
        }
    }

    private static int bestScore(SmallVocabulary vocabulary, List<Float> scores, List<String> symbols) {
        int best = -1;
        for (int i = 0; i + 1 < symbols.size(); i++) {
            int id = vocabulary.find(symbols.get(i) + symbols.get(i + 1));
            float bestSoFar =
                    best < 0 ? Float.NaN : scores.get(vocabulary.find(symbols.get(best) + symbols.get(best + 1)) - 259);
            if (id >= 0 && (best < 0 || scores.get(id - 259) > bestSoFar)) {
                best = i;
            }
        }
        return best;
    }

    private static void join(List<String> symbols, int at) {
        symbols.set(at, symbols.get(at) + symbols.remove(at + 1));
    }

    private static List<String> letters(String text) {
        return new ArrayList<>(List.of(text.split("")));
    }

    private static List<String> tokens(Tokenizer tokenizer, String text) {
        List<String> tokens = new ArrayList<>();
        for (int id : tokenizer.encode(text, EncodeOptions.TEXT)) {
            tokens.add(tokenizer.vocabulary().token(id));
        }
        return tokens;
    }

    /// A letter, or now and then a token made before.
    private static String piece(SmallVocabulary vocabulary, Random random, int firstMade) {
        int made = vocabulary.size() - firstMade;
        return made > 0 && random.nextInt(3) > 0 ? vocabulary.get(firstMade + random.nextInt(made)) : word(random, 1);
    }

    private static String word(Random random, int length) {
        StringBuilder word = new StringBuilder();
        for (int i = 0; i < length; i++) {
            word.append((char) ('a' + random.nextInt(3)));
        }
        return word.toString();
    }
}
