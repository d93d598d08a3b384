package dev.excitor.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.excitor.runtime.ExcitorException;
import java.nio.file.Path;
import java.util.List;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/// Files that are sound GGUF and impossible models: each is refused before anything is computed, with a message that
/// names
/// the key or tensor.
class HostileModelTest {

    @TempDir
    Path folder;

    record Attack(String story, String named, UnaryOperator<TinyModel> change) {}

    private static Attack key(String key, Object value) {
        return new Attack(key + " = " + value, key, m -> m.set(key, value));
    }

    static final List<Attack> ATTACKS = List.of(
            key("general.architecture", "gptx"),
            key("llama.block_count", 0L),
            key("llama.block_count", 513L),
            key("llama.block_count", 1L << 31),
            key("llama.attention.head_count", 0L),
            key("llama.attention.head_count", 3L),
            key("llama.attention.head_count_kv", 0L),
            key("llama.attention.head_count_kv", 3L),
            key("llama.attention.head_count_kv", 8L),
            key("llama.embedding_length", 0L),
            key("llama.embedding_length", 1L << 31),
            key("llama.embedding_length", 65L),
            key("llama.feed_forward_length", 0L),
            key("llama.rope.dimension_count", 15L),
            key("llama.rope.dimension_count", 18L),
            key("llama.rope.dimension_count", 0L),
            key("llama.context_length", 0L),
            key("llama.context_length", 1L << 31),
            key("llama.vocab_size", 100L),
            key("llama.attention.layer_norm_rms_epsilon", 0f),
            key("llama.attention.layer_norm_rms_epsilon", -1e-5f),
            key("llama.attention.layer_norm_rms_epsilon", Float.NaN),
            key("llama.attention.layer_norm_rms_epsilon", "small"),
            key("llama.rope.freq_base", 0f),
            key("llama.rope.freq_base", Float.NaN),
            key("llama.rope.freq_base", Float.POSITIVE_INFINITY),
            key("llama.rope.scaling.type", "longrope"),
            key("llama.rope.scaling.factor", -2f),
            key("llama.attention.key_length", 0L),
            key("llama.attention.key_length", 4096L),
            key("llama.block_count", "two"),
            key("tokenizer.ggml.bos_token_id", (long) TinyModel.VOCAB),
            new Attack("no layers key", "llama.block_count", m -> m.remove("llama.block_count")),
            new Attack("no architecture", "general.architecture", m -> m.remove("general.architecture")),
            new Attack("a missing tensor", "blk.1.ffn_up.weight", m -> m.without("blk.1.ffn_up.weight")),
            new Attack(
                    "a tensor of another shape",
                    "blk.1.attn_k.weight",
                    m -> m.tensor("blk.1.attn_k.weight", TinyModel.WIDTH, TinyModel.WIDTH)),
            new Attack(
                    "an embedding with too few rows",
                    "token_embd.weight",
                    m -> m.tensor("token_embd.weight", TinyModel.VOCAB - 1, TinyModel.WIDTH)),
            new Attack(
                    "frequency factors of zero",
                    "rope_freqs.weight",
                    m -> m.tensor("rope_freqs.weight", 1, TinyModel.HEAD_DIM / 2)
                            .fill("rope_freqs.weight", 0)));

    @TestFactory
    Stream<DynamicTest> impossibleModelsAreRefusedByName() {
        return ATTACKS.stream()
                .map(attack -> DynamicTest.dynamicTest(attack.story(), () -> {
                    Path file = attack.change()
                            .apply(TinyModel.standard())
                            .write(folder.resolve("attack-" + ATTACKS.indexOf(attack) + ".gguf"));
                    assertThatThrownBy(() -> Model.open(file).close())
                            .isInstanceOf(ExcitorException.class)
                            .hasMessageContaining(attack.named());
                }));
    }

    @Test
    void extraTensorsAreListedAndHarmless() {
        Path file = TinyModel.standard().tensor("surprise.weight", 3, 5).write(folder.resolve("extra.gguf"));
        try (Model model = Model.open(file)) {
            assertThat(model.leftovers()).containsExactly("surprise.weight");
        }
    }

    @Test
    void weightsThatAreNotNumbersEndTheGenerationWithASentence() {
        for (float poison : new float[] {Float.NaN, Float.POSITIVE_INFINITY}) {
            for (String tensor : List.of("output.weight", "blk.0.ffn_up.weight", "token_embd.weight")) {
                Path file = TinyModel.standard().fill(tensor, poison).write(folder.resolve("nan.gguf"));
                try (Model model = Model.open(file);
                        Session session = model.newSession()) {
                    Generation generation = session.generate("a", options -> options.maxTokens(8));
                    assertThatThrownBy(generation::text)
                            .isInstanceOf(ExcitorException.NotFinite.class)
                            .hasMessageContaining("finite");
                }
            }
        }
    }
}
