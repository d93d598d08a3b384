package dev.excitor.model;

/// An Excitor adapter for [TinyModel], of its topmost layer.
final class TinyAdapter {

    static final int LAYER = TinyModel.LAYERS - 1;
    static final int PROMPTS = 5;
    static final int RANK = 3;

    /// E of an adapter as wide as the keys.
    static final int EXTRA = TinyModel.KV_HEADS * TinyModel.HEAD_DIM;

    private static final String SETTING = "adapter.excitor.";

    private TinyAdapter() {}

    /// The name of one of the layer's tensors.
    static String tensor(String name) {
        return "blk." + LAYER + ".excitor." + name;
    }

    static String setting(String name) {
        return SETTING + name;
    }

    /// A complete, valid adapter with the default settings.
    static TinyFile standard() {
        TinyFile a = new TinyFile(43);
        a.set("general.type", "adapter");
        a.set("general.architecture", "llama");
        a.set("adapter.type", "excitor");
        a.set(setting("version"), 1L);
        a.set(setting("layers"), new long[] {LAYER});
        a.set(setting("prompt_length"), (long) PROMPTS);
        a.set(setting("rank"), (long) RANK);
        a.set(setting("base.block_count"), (long) TinyModel.LAYERS);
        a.set(setting("base.embedding_length"), (long) TinyModel.WIDTH);
        a.set(setting("base.head_count"), (long) TinyModel.HEADS);
        a.set(setting("base.head_count_kv"), (long) TinyModel.KV_HEADS);
        a.set(setting("base.key_length"), (long) TinyModel.HEAD_DIM);
        a.tensor(tensor("prompt"), PROMPTS, EXTRA);
        a.tensor(tensor("q_down"), RANK, TinyModel.WIDTH);
        a.tensor(tensor("q_up"), EXTRA, RANK);
        a.tensor(tensor("gate"), 1, TinyModel.KV_HEADS);
        return a;
    }
}
