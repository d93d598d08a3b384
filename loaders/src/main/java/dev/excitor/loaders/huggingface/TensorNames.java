package dev.excitor.loaders.huggingface;

import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// What GGUF calls the tensors that Hugging Face's LLaMA calls otherwise.
final class TensorNames {

    private static final Map<String, String> WHOLE = Map.of(
            "model.embed_tokens.weight", "token_embd.weight",
            "model.norm.weight", "output_norm.weight",
            "lm_head.weight", "output.weight");

    private static final Map<String, String> OF_LAYER = Map.of(
            "input_layernorm", "attn_norm",
            "self_attn.q_proj", "attn_q",
            "self_attn.k_proj", "attn_k",
            "self_attn.v_proj", "attn_v",
            "self_attn.o_proj", "attn_output",
            "post_attention_layernorm", "ffn_norm",
            "mlp.gate_proj", "ffn_gate",
            "mlp.up_proj", "ffn_up",
            "mlp.down_proj", "ffn_down");

    private static final Pattern LAYER =
            Pattern.compile("model\\.layers\\.(0|[1-9][0-9]{0,3})\\.([a-z_.]+)\\.(weight|bias)");

    /// Frequencies of the rotation, which older programs saved with the weights.
    private static final Pattern UNREAD =
            Pattern.compile("model\\.layers\\.[0-9]{1,4}\\.self_attn\\.rotary_emb\\.inv_freq");

    private TensorNames() {}

    /// Whether it is recomputed from the settings, so that nobody reads it.
    static boolean isUnread(String name) {
        return UNREAD.matcher(name).matches();
    }

    /// Empty for a tensor that the model does not use.
    static Optional<String> find(String name) {
        Matcher layer = LAYER.matcher(name);
        if (layer.matches()) {
            return Optional.ofNullable(OF_LAYER.get(layer.group(2)))
                    .map(matrix -> "blk.%s.%s.%s".formatted(layer.group(1), matrix, layer.group(3)));
        }
        return Optional.ofNullable(WHOLE.get(name));
    }
}
