package dev.excitor.cli.synth;

import dev.excitor.loaders.gguf.GgufType;
import dev.excitor.loaders.gguf.GgufWriter;
import java.util.ArrayList;
import java.util.List;

/// A made-up SentencePiece vocabulary of any size: the three control tokens, the 256 bytes, so that every text can be
/// encoded, the syllables, and words of them, so that what a random model writes can be read aloud.
final class SyntheticVocabulary {

    private static final int NORMAL = 1;
    private static final int UNKNOWN = 2;
    private static final int CONTROL = 3;
    private static final int BYTE = 6;

    private static final String[] CONTROLS = {"<unk>", "<s>", "</s>"};
    private static final String CONSONANTS = "bcdfghjklmnpqrstvwxz";
    private static final String VOWELS = "aeiou";
    private static final int SYLLABLES = CONSONANTS.length() * VOWELS.length();

    /// The smallest: controls and bytes.
    static final int LEAST = CONTROLS.length + 256;

    private SyntheticVocabulary() {}

    static void write(GgufWriter writer, int size) {
        List<String> tokens = new ArrayList<>(size);
        float[] scores = new float[size];
        long[] types = new long[size];
        for (int id = 0; id < size; id++) {
            int byteValue = id - CONTROLS.length;
            if (byteValue < 0) {
                tokens.add(CONTROLS[id]);
                types[id] = id == 0 ? UNKNOWN : CONTROL;
            } else if (byteValue < 256) {
                tokens.add("<0x%02X>".formatted(byteValue));
                types[id] = BYTE;
            } else {
                tokens.add(text(id - LEAST));
                types[id] = NORMAL;
                scores[id] = LEAST - id;
            }
        }
        writer.string("tokenizer.ggml.model", "llama")
                .string("tokenizer.ggml.pre", "default")
                .strings("tokenizer.ggml.tokens", tokens)
                .floats("tokenizer.ggml.scores", scores)
                .integers("tokenizer.ggml.token_type", GgufType.INT32, types)
                .uint32("tokenizer.ggml.bos_token_id", 1)
                .uint32("tokenizer.ggml.eos_token_id", 2)
                .uint32("tokenizer.ggml.unknown_token_id", 0)
                .bool("tokenizer.ggml.add_bos_token", true)
                .bool("tokenizer.ggml.add_eos_token", false);
    }

    /// First each syllable by itself, since a word is found by merging its parts; then words.
    private static String text(int number) {
        if (number < SYLLABLES) {
            return syllable(number);
        }
        StringBuilder word = new StringBuilder("\u2581");
        for (int rest = number - SYLLABLES; word.length() == 1 || rest > 0; rest /= SYLLABLES) {
            word.append(syllable(rest % SYLLABLES));
        }
        return word.toString();
    }

    private static String syllable(int number) {
        return "" + CONSONANTS.charAt(number / VOWELS.length()) + VOWELS.charAt(number % VOWELS.length());
    }
}
