package dev.excitor.model.tokenizer;

import dev.excitor.loaders.gguf.GgufType;
import dev.excitor.loaders.gguf.GgufWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/// A small vocabulary for one test, token by token; ids count from 0.
final class SmallVocabulary {
    private final String model;
    private final List<String> tokens = new ArrayList<>();
    private final Map<String, Integer> ids = new HashMap<>();
    private final List<Float> scores = new ArrayList<>();
    private final List<Long> types = new ArrayList<>();
    private final List<String> merges = new ArrayList<>();

    private SmallVocabulary(String model) {
        this.model = model;
    }

    static SmallVocabulary empty(String model) {
        return new SmallVocabulary(model);
    }

    /// `<unk>`, `<s>` and `</s>` and the 256 bytes, as in LLaMA's vocabulary.
    static SmallVocabulary sentencePiece() {
        SmallVocabulary vocabulary = new SmallVocabulary("llama")
                .token("<unk>", 0, TokenType.UNKNOWN)
                .token("<s>", 0, TokenType.CONTROL)
                .token("</s>", 0, TokenType.CONTROL);
        for (int b = 0; b < 256; b++) {
            vocabulary.token(String.format(Locale.ROOT, "<0x%02X>", b), 0, TokenType.BYTE);
        }
        return vocabulary;
    }

    /// The 256 bytes in the alphabet of byte-level BPE; byte b is token b.
    static SmallVocabulary bpe() {
        SmallVocabulary vocabulary = new SmallVocabulary("gpt2");
        byte[] letter = new byte[2];
        for (int b = 0; b < 256; b++) {
            int length = ByteAlphabet.write(new byte[] {(byte) b}, 0, 1, letter);
            vocabulary.token(new String(letter, 0, length, StandardCharsets.UTF_8));
        }
        return vocabulary;
    }

    SmallVocabulary token(String token) {
        return token(token, 0, TokenType.NORMAL);
    }

    SmallVocabulary token(String token, float score, TokenType type) {
        ids.putIfAbsent(token, tokens.size());
        tokens.add(token);
        scores.add(score);
        types.add(
                switch (type) {
                    case NORMAL -> 1L;
                    case UNKNOWN -> 2L;
                    case CONTROL -> 3L;
                    case USER_DEFINED -> 4L;
                    case UNUSED -> 5L;
                    case BYTE -> 6L;
                });
        return this;
    }

    /// Adds a merge and the token it makes.
    SmallVocabulary merge(String left, String right) {
        merges.add(left + " " + right);
        return ids.containsKey(left + right) ? this : token(left + right);
    }

    int size() {
        return tokens.size();
    }

    /// The id of a token, or -1.
    int find(String token) {
        return ids.getOrDefault(token, -1);
    }

    String get(int id) {
        return tokens.get(id);
    }

    List<String> merges() {
        return merges;
    }

    /// The file, to which a test may add keys.
    ///
    /// @param without what to leave out: "model", "tokens", "token_type", "scores", "pre" or "merges"
    GgufWriter writer(Path folder, String... without) {
        GgufWriter writer = new GgufWriter(folder.resolve("vocabulary.gguf")).string("general.architecture", "llama");
        Set<String> keys = new HashSet<>(Set.of("model", "tokens", "token_type"));
        keys.addAll(model.equals("gpt2") ? Set.of("pre", "merges") : Set.of("scores"));
        List.of(without).forEach(keys::remove);
        for (String key : keys) {
            write(writer, VocabularyReader.PREFIX + key, key);
        }
        return writer;
    }

    private void write(GgufWriter writer, String key, String what) {
        switch (what) {
            case "model" -> writer.string(key, model);
            case "tokens" -> writer.strings(key, tokens);
            case "token_type" ->
                writer.integers(
                        key,
                        GgufType.INT32,
                        types.stream().mapToLong(Long::longValue).toArray());
            case "pre" -> writer.string(key, "llama-bpe");
            case "merges" -> writer.strings(key, merges);
            default -> {
                float[] floats = new float[scores.size()];
                for (int i = 0; i < floats.length; i++) {
                    floats[i] = scores.get(i);
                }
                writer.floats(key, floats);
            }
        }
    }

    Tokenizer make(Path folder) {
        return Vocabularies.make(writer(folder));
    }
}
