package dev.excitor.model;

import java.util.ArrayList;
import java.util.List;

/// A LLaMA of a few thousand random weights with a vocabulary of bytes.
final class TinyModel {

    static final int LAYERS = 2;
    static final int WIDTH = 64;
    static final int HEADS = 4;
    static final int KV_HEADS = 2;
    static final int HEAD_DIM = 16;
    static final int FFN = 96;
    static final int VOCAB = 3 + 256 + 3;
    static final int CONTEXT = 256;

    private TinyModel() {}

    /// A complete, valid model.
    static TinyFile standard() {
        TinyFile m = new TinyFile(42);
        m.set("general.architecture", "llama");
        m.set("llama.block_count", (long) LAYERS);
        m.set("llama.context_length", (long) CONTEXT);
        m.set("llama.embedding_length", (long) WIDTH);
        m.set("llama.feed_forward_length", (long) FFN);
        m.set("llama.attention.head_count", (long) HEADS);
        m.set("llama.attention.head_count_kv", (long) KV_HEADS);
        m.set("llama.attention.layer_norm_rms_epsilon", 1e-5f);
        m.set("llama.rope.dimension_count", (long) HEAD_DIM);
        vocabulary(m);
        m.tensor("token_embd.weight", VOCAB, WIDTH);
        for (int l = 0; l < LAYERS; l++) {
            String blk = "blk." + l + ".";
            m.tensor(blk + "attn_norm.weight", 1, WIDTH);
            m.tensor(blk + "attn_q.weight", HEADS * HEAD_DIM, WIDTH);
            m.tensor(blk + "attn_k.weight", KV_HEADS * HEAD_DIM, WIDTH);
            m.tensor(blk + "attn_v.weight", KV_HEADS * HEAD_DIM, WIDTH);
            m.tensor(blk + "attn_output.weight", WIDTH, HEADS * HEAD_DIM);
            m.tensor(blk + "ffn_norm.weight", 1, WIDTH);
            m.tensor(blk + "ffn_gate.weight", FFN, WIDTH);
            m.tensor(blk + "ffn_up.weight", FFN, WIDTH);
            m.tensor(blk + "ffn_down.weight", WIDTH, FFN);
        }
        m.tensor("output_norm.weight", 1, WIDTH);
        m.tensor("output.weight", VOCAB, WIDTH);
        return m;
    }

    /// SPM: unknown, begin, end, 256 bytes, and three words.
    private static void vocabulary(TinyFile m) {
        List<String> tokens = new ArrayList<>(List.of("<unk>", "<s>", "</s>"));
        for (int b = 0; b < 256; b++) {
            tokens.add("<0x%02X>".formatted(b));
        }
        tokens.addAll(List.of("\u2581", "a", "\u2581a"));
        float[] scores = new float[VOCAB];
        long[] types = new long[VOCAB];
        for (int i = 0; i < VOCAB; i++) {
            scores[i] = i < 259 ? 0 : -i;
            types[i] = i == 0 ? 2 : i < 3 ? 3 : i < 259 ? 6 : 1;
        }
        m.set("tokenizer.ggml.model", "llama");
        m.set("tokenizer.ggml.tokens", tokens);
        m.set("tokenizer.ggml.scores", scores);
        m.set("tokenizer.ggml.token_type", types);
        m.set("tokenizer.ggml.bos_token_id", 1L);
        m.set("tokenizer.ggml.eos_token_id", 2L);
    }
}
