package dev.excitor.loaders.sentencepiece;

import dev.excitor.loaders.gguf.GgufMetadataBuilder;
import dev.excitor.loaders.gguf.GgufType;
import java.nio.file.Path;
import java.util.List;

/// The vocabulary of a `tokenizer.model` file, validated whole. Only the BPE kind is read, which is LLaMA's.
///
/// @param path   the file
/// @param pieces all tokens, by id
/// @param roles  which of them have a role
/// @param spacePrefix whether a space is put before a text
public record SentencePieceModel(Path path, List<Piece> pieces, Roles roles, boolean spacePrefix) {

    /// No token.
    public static final int NONE = -1;

    private static final long ABSENT_IN_GGUF = 0xFFFF_FFFFL;

    /// Tokens with a role, each [#NONE] when the model has none.
    ///
    /// @param unknown stands for what cannot be expressed
    /// @param bos     opens a text
    /// @param eos     closes a text
    /// @param pad     fills a batch
    public record Roles(int unknown, int bos, int eos, int pad) {}

    public SentencePieceModel {
        pieces = List.copyOf(pieces);
    }

    /// Whether bytes look like such a file: the first field of a model is its first piece, and no text begins so.
    ///
    /// @param start the first bytes of a file
    public static boolean recognises(byte[] start) {
        return start.length > 0 && start[0] == 0x0a;
    }

    /// @throws MalformedFile when the file cannot be read or is not as it must be
    /// @throws Unsupported   for a vocabulary of another kind than BPE, or one that changes texts before it cuts them
    public static SentencePieceModel read(Path path) {
        return SentencePieceReader.read(path);
    }

    /// As [#read], of bytes that have been read already.
    public static SentencePieceModel parse(Path path, byte[] bytes) {
        return SentencePieceReader.parse(path, bytes);
    }

    /// Says all of it under GGUF's keys, as `tokenizer.ggml.*`.
    public void addTo(GgufMetadataBuilder metadata) {
        float[] scores = new float[pieces.size()];
        long[] types = new long[pieces.size()];
        for (int i = 0; i < scores.length; i++) {
            scores[i] = pieces.get(i).score();
            types[i] = pieces.get(i).type().number();
        }
        metadata.string("tokenizer.ggml.model", "llama")
                .string("tokenizer.ggml.pre", "default")
                .strings(
                        "tokenizer.ggml.tokens",
                        pieces.stream().map(Piece::text).toList())
                .floats("tokenizer.ggml.scores", scores)
                .integers("tokenizer.ggml.token_type", GgufType.INT32, types)
                .uint32("tokenizer.ggml.bos_token_id", id(roles.bos()))
                .uint32("tokenizer.ggml.eos_token_id", id(roles.eos()))
                .uint32("tokenizer.ggml.unknown_token_id", id(roles.unknown()))
                .uint32("tokenizer.ggml.padding_token_id", id(roles.pad()))
                .bool("tokenizer.ggml.add_space_prefix", spacePrefix);
    }

    private static long id(int role) {
        return role == NONE ? ABSENT_IN_GGUF : role;
    }
}
