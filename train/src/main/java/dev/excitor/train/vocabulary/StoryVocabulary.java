package dev.excitor.train.vocabulary;

import dev.excitor.loaders.gguf.GgufType;
import dev.excitor.loaders.gguf.GgufWriter;
import java.util.ArrayList;
import java.util.List;

/// A learned SentencePiece vocabulary: three control tokens, the 256 bytes, so that every text can be encoded, the
/// characters of the text it was learned from, and what they were merged to, in that order.
public final class StoryVocabulary {

    private static final int NORMAL = 1;
    private static final int UNKNOWN = 2;
    private static final int CONTROL = 3;
    private static final int BYTE = 6;

    private static final List<String> CONTROLS = List.of("<unk>", "<s>", "</s>");

    /// Tokens that every vocabulary has.
    static final int FIXED = CONTROLS.size() + 256;

    private final List<String> learned;
    private final int characters;

    /// @param learned    tokens in the order they were found
    /// @param characters how many of them are single characters, which nothing merges to
    StoryVocabulary(List<String> learned, int characters) {
        this.learned = List.copyOf(learned);
        this.characters = characters;
    }

    public int size() {
        return FIXED + learned.size();
    }

    /// What is learned: characters first, then merges.
    public List<String> learned() {
        return learned;
    }

    /// Writes the keys that tokenizers read.
    public void write(GgufWriter writer) {
        List<String> tokens = new ArrayList<>(CONTROLS);
        for (int b = 0; b < 256; b++) {
            tokens.add("<0x%02X>".formatted(b));
        }
        tokens.addAll(learned);
        float[] scores = new float[tokens.size()];
        long[] types = new long[tokens.size()];
        for (int id = 0; id < types.length; id++) {
            if (id < CONTROLS.size()) {
                types[id] = id == 0 ? UNKNOWN : CONTROL;
            } else if (id < FIXED) {
                types[id] = BYTE;
            } else {
                types[id] = NORMAL;
                scores[id] = Math.min(0, FIXED + characters - 1 - id);
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
                .bool("tokenizer.ggml.add_space_prefix", true)
                .bool("tokenizer.ggml.add_bos_token", true)
                .bool("tokenizer.ggml.add_eos_token", false);
    }
}
