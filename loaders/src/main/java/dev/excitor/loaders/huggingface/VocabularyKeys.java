package dev.excitor.loaders.huggingface;

import dev.excitor.loaders.gguf.GgufMetadataBuilder;
import dev.excitor.loaders.gguf.GgufType;
import dev.excitor.loaders.sentencepiece.Piece;
import dev.excitor.runtime.ExcitorException.Unsupported;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;

/// A `tokenizer.json` under GGUF's keys: byte-level BPE as `gpt2`, characters with spaces as U+2581 as `llama`.
///
/// What GGUF cannot say is left out as llama.cpp's converter leaves it out: normalization to NFC, and white space that
/// an added token takes away beside it.
final class VocabularyKeys {

    private final TokenizerJson tokenizer;
    private final List<String> tokens = new ArrayList<>();
    private final long[] types;

    private VocabularyKeys(TokenizerJson tokenizer) {
        this.tokenizer = tokenizer;
        String[] known = tokenizer.tokens();
        this.types = new long[known.length];
        for (int id = 0; id < known.length; id++) {
            boolean absent = known[id] == null; // padding, as llama.cpp's converter spells it
            tokens.add(absent ? "[PAD%d]".formatted(id) : known[id]);
            types[id] = (absent ? Piece.Type.UNUSED : Piece.Type.NORMAL).number();
        }
        tokenizer
                .added()
                .forEach(token ->
                        types[token.id()] = (token.special() ? Piece.Type.CONTROL : Piece.Type.USER_DEFINED).number());
    }

    /// @throws Unsupported for a kind that is neither, or steps that are not known
    static void add(TokenizerJson tokenizer, GgufMetadataBuilder metadata) {
        var keys = new VocabularyKeys(tokenizer);
        if (isByteLevel(tokenizer)) {
            keys.addByteLevel(metadata);
        } else {
            keys.addCharacters(metadata);
        }
    }

    private static boolean isByteLevel(TokenizerJson tokenizer) {
        return tokenizer.steps("pre_tokenizer", "pretokenizers").stream()
                .anyMatch(step -> step.string("type").equals("ByteLevel"));
    }

    private void addByteLevel(GgufMetadataBuilder metadata) {
        tokenizer.steps("normalizer", "normalizers").forEach(step -> {
            if (!step.string("type").equals("NFC")) {
                throw new Unsupported(
                        "%s: normalizer %s".formatted(tokenizer.path(), step.string("type")), List.of("none", "NFC"));
            }
        });
        metadata.string("tokenizer.ggml.model", "gpt2").string("tokenizer.ggml.pre", Pretokenization.name(tokenizer));
        addTokens(metadata);
        metadata.strings(
                "tokenizer.ggml.merges",
                tokenizer.merges().stream()
                        .map(merge -> merge.left() + " " + merge.right())
                        .toList());
    }

    private void addCharacters(GgufMetadataBuilder metadata) {
        boolean spacePrefix = SpacePrefix.of(tokenizer);
        if (tokenizer.byteFallback()) {
            for (int b = 0; b < 256; b++) {
                String text = "<0x%s>".formatted(HexFormat.of().withUpperCase().toHexDigits((byte) b));
                tokenizer.id(text).ifPresent(id -> types[id] = Piece.Type.BYTE.number());
            }
        }
        tokenizer.unknown().flatMap(tokenizer::id).ifPresent(id -> types[id] = Piece.Type.UNKNOWN.number());
        float[] scores = MergeScores.of(tokenizer, id -> types[id] == Piece.Type.NORMAL.number());
        metadata.string("tokenizer.ggml.model", "llama").string("tokenizer.ggml.pre", "default");
        addTokens(metadata);
        metadata.floats("tokenizer.ggml.scores", scores).bool("tokenizer.ggml.add_space_prefix", spacePrefix);
        tokenizer
                .unknown()
                .flatMap(tokenizer::id)
                .ifPresent(id -> metadata.uint32("tokenizer.ggml.unknown_token_id", id));
    }

    private void addTokens(GgufMetadataBuilder metadata) {
        metadata.strings("tokenizer.ggml.tokens", tokens).integers("tokenizer.ggml.token_type", GgufType.INT32, types);
    }
}
