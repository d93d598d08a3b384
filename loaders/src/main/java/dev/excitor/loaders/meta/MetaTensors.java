package dev.excitor.loaders.meta;

import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// What GGUF calls Meta's tensors, and how each was cut when a model was split over several GPUs.
///
/// Query and key rows lie in GGUF's order, in which the two numbers of a rotated pair are neighbours.
final class MetaTensors {

    /// How the files of a split model hold a tensor.
    enum Cut {
        /// Each has all of it.
        WHOLE,
        /// Each has some of its rows.
        ROWS,
        /// Each has some numbers of every row.
        COLS,
        /// By rows since Llama 3, by columns before; the width tells.
        EMBEDDING
    }

    /// A tensor of the model.
    record Name(String gguf, Cut cut) {}

    /// Recomputed from the base, so nobody reads it.
    static final String UNREAD = "rope.freqs";

    private static final Map<String, Name> WHOLE = Map.of(
            "tok_embeddings.weight", new Name("token_embd.weight", Cut.EMBEDDING),
            "norm.weight", new Name("output_norm.weight", Cut.WHOLE),
            "output.weight", new Name("output.weight", Cut.ROWS));

    private static final Map<String, Name> OF_LAYER = Map.of(
            "attention_norm", new Name("attn_norm", Cut.WHOLE),
            "attention.wq", new Name("attn_q", Cut.ROWS),
            "attention.wk", new Name("attn_k", Cut.ROWS),
            "attention.wv", new Name("attn_v", Cut.ROWS),
            "attention.wo", new Name("attn_output", Cut.COLS),
            "ffn_norm", new Name("ffn_norm", Cut.WHOLE),
            "feed_forward.w1", new Name("ffn_gate", Cut.ROWS),
            "feed_forward.w2", new Name("ffn_down", Cut.COLS),
            "feed_forward.w3", new Name("ffn_up", Cut.ROWS));

    private static final Pattern LAYER = Pattern.compile("layers\\.(0|[1-9][0-9]{0,5})\\.(.+)\\.weight");

    private MetaTensors() {}

    static Optional<Name> find(String name) {
        if (WHOLE.containsKey(name)) {
            return Optional.of(WHOLE.get(name));
        }
        Matcher layer = LAYER.matcher(name);
        return layer.matches() && OF_LAYER.containsKey(layer.group(2))
                ? Optional.of(ofLayer(layer.group(1), OF_LAYER.get(layer.group(2))))
                : Optional.empty();
    }

    private static Name ofLayer(String layer, Name name) {
        return new Name("blk.%s.%s.weight".formatted(layer, name.gguf), name.cut);
    }
}
