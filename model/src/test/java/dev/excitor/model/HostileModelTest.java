package dev.excitor.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.excitor.runtime.EngineOptions;
import dev.excitor.runtime.ExcitorException;
import dev.excitor.runtime.checkpoint.CheckpointReader;
import dev.excitor.runtime.kernel.Kernels;
import java.nio.file.Path;
import java.util.List;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/// Files that are sound GGUF and impossible models: each is refused before anything is computed, with a message
/// that names the key or tensor.
class HostileModelTest {

    @TempDir
    Path folder;

    record Attack(String story, String named, UnaryOperator<TinyFile> change) {}

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
            key("llama.attention.layer_norm_rms_epsilon", 1e-60),
            key("llama.rope.freq_base", 1e-60),
            key("llama.rope.freq_base", 1e300),
            key("llama.rope.freq_base", -10_000f),
            key("llama.rope.scaling.type", "longrope"),
            key("llama.rope.scaling.factor", -2f),
            key("llama.attention.key_length", 0L),
            key("llama.attention.key_length", 4096L),
            key("llama.block_count", "two"),
            key("tokenizer.ggml.bos_token_id", (long) TinyModel.VOCAB),
            key("tokenizer.ggml.eos_token_id", (long) TinyModel.VOCAB),
            key("tokenizer.ggml.eos_token_id", 0xFFFF_FFFEL),
            key("tokenizer.ggml.eos_token_id", -2),
            new Attack("no layers key", "llama.block_count", m -> m.remove("llama.block_count")),
            new Attack("no architecture", "general.architecture", m -> m.remove("general.architecture")),
            new Attack("a missing tensor", "blk.1.ffn_up.weight", m -> m.without("blk.1.ffn_up.weight")),
            new Attack(
                    "a tensor of another shape",
                    "blk.1.attn_k.weight",
                    m -> m.tensor("blk.1.attn_k.weight", TinyModel.WIDTH, TinyModel.WIDTH)),
            new Attack("no output norm", "output_norm.weight", m -> m.without("output_norm.weight")),
            new Attack(
                    "a norm that is a matrix",
                    "blk.0.attn_norm.weight",
                    m -> m.tensor("blk.0.attn_norm.weight", 2, TinyModel.WIDTH / 2)),
            new Attack(
                    "a bias of another length",
                    "blk.0.attn_q.bias",
                    m -> m.tensor("blk.0.attn_q.bias", 1, TinyModel.WIDTH - 1)),
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

    /// 0xFFFFFFFF stands for "there is none", which is no fault of the file.
    @Test
    void withoutBeginAndEndTokensTextsGoOnToTheLimit() {
        Path file = TinyModel.standard()
                .set("tokenizer.ggml.bos_token_id", 0xFFFF_FFFFL)
                .set("tokenizer.ggml.eos_token_id", 0xFFFF_FFFFL)
                .write(folder.resolve("no-ends.gguf"));
        try (Model model = Model.open(file);
                Session session = model.newSession()) {
            Generation generation = session.generate("a", options -> options.maxTokens(5));
            generation.text();
            assertThat(generation.stopReason()).contains(StopReason.MAX_TOKENS);
            assertThat(generation.stats().promptTokens())
                    .as("no begin token in front")
                    .isEqualTo(1);
        }
    }

    record Poison(String story, UnaryOperator<TinyFile> change) {}

    static final List<Poison> POISONS = List.of(
            new Poison("NaN output", m -> m.fill("output.weight", Float.NaN)),
            new Poison("infinite output", m -> m.fill("output.weight", Float.POSITIVE_INFINITY)),
            new Poison("NaN in a feed-forward", m -> m.fill("blk.0.ffn_up.weight", Float.NaN)),
            new Poison("infinity in a feed-forward", m -> m.fill("blk.0.ffn_up.weight", Float.POSITIVE_INFINITY)),
            new Poison(
                    "minus infinity in a feed-forward", m -> m.fill("blk.1.ffn_down.weight", Float.NEGATIVE_INFINITY)),
            new Poison("NaN embedding", m -> m.fill("token_embd.weight", Float.NaN)),
            new Poison("NaN keys", m -> m.fill("blk.1.attn_k.weight", Float.NaN)),
            new Poison("infinite values", m -> m.fill("blk.0.attn_v.weight", Float.POSITIVE_INFINITY)),
            new Poison("NaN norm", m -> m.fill("output_norm.weight", Float.NaN)),
            new Poison("weights that overflow", m -> m.fill("output_norm.weight", 3e38f)),
            new Poison("an F16 weight of NaN", m -> m.format("F16").begin("output.weight", 0x00, 0x7e)),
            new Poison("a Q8_0 scale of NaN", m -> m.format("Q8_0").begin("output.weight", 0x00, 0x7e)),
            new Poison("a Q8_0 scale of infinity", m -> m.format("Q8_0").begin("blk.0.attn_q.weight", 0x00, 0x7c)),
            new Poison("a Q4_0 scale of NaN", m -> m.format("Q4_0").begin("blk.1.ffn_gate.weight", 0x01, 0x7c)),
            new Poison("a Q5_1 minimum of NaN", m -> m.format("Q5_1").begin("output.weight", 0, 0x3c, 0xff, 0xff)));

    @TestFactory
    Stream<DynamicTest> weightsThatAreNotNumbersEndTheGenerationWithASentence() {
        return POISONS.stream()
                .flatMap(poison -> Stream.of(Kernels.Tier.SCALAR, Kernels.Tier.VECTOR)
                        .map(tier -> DynamicTest.dynamicTest(
                                poison.story() + ", " + tier, () -> assertEndsWithASentence(poison, tier))));
    }

    private void assertEndsWithASentence(Poison poison, Kernels.Tier tier) {
        Path file = poison.change().apply(TinyModel.standard()).write(folder.resolve("poison.gguf"));
        EngineOptions options = EngineOptions.defaults().withTier(tier).withThreads(1);
        try (Model model = Model.open(file, options, CheckpointReader.Memory.MAPPED);
                Session session = model.newSession()) {
            for (String prompt : List.of("a", "a".repeat(40))) {
                Generation generation = session.generate(prompt, given -> given.maxTokens(8));
                assertThatThrownBy(generation::text)
                        .isInstanceOf(ExcitorException.NotFinite.class)
                        .hasMessageContaining("finite");
                session.truncate(0);
            }
        }
    }
}
