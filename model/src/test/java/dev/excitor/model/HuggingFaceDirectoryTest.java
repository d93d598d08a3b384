package dev.excitor.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.excitor.loaders.gguf.GgufWriter;
import dev.excitor.model.adapter.Adapter;
import dev.excitor.model.adapter.Strategy;
import dev.excitor.model.tokenizer.EncodeOptions;
import dev.excitor.model.tokenizer.Tokenizer;
import dev.excitor.runtime.EngineOptions;
import dev.excitor.runtime.ExcitorException;
import dev.excitor.runtime.checkpoint.Checkpoint;
import dev.excitor.runtime.checkpoint.CheckpointReader;
import dev.excitor.runtime.checkpoint.CheckpointReader.Memory;
import dev.excitor.runtime.kernel.Kernels;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// The same weights as a GGUF file and as a Hugging Face directory: the same logits bit for bit, for the same kernels.
class HuggingFaceDirectoryTest {

    @TempDir
    Path folder;

    private static List<EngineOptions> engines(Kernels.Tier... tiers) {
        return Stream.of(tiers)
                .map(tier -> EngineOptions.defaults().withTier(tier))
                .toList();
    }

    private Path gguf(TinyFile file) {
        return file.write(folder.resolve("model.gguf"));
    }

    private static int[] tokens(Model model, int count) {
        return new Random(7).ints(count, 3, model.dimensions().vocab()).toArray();
    }

    private static void assertSameLogits(Path gguf, Path directory) {
        assertSameLogits(gguf, directory, SessionOptions.defaults(), Memory.MAPPED);
    }

    /// Prompts of several lengths, for kernels change with it, and tokens one by one.
    private static void assertSameLogits(Path gguf, Path directory, SessionOptions options, Memory memory) {
        List<EngineOptions> engines = engines(Kernels.Tier.SCALAR, Kernels.Tier.VECTOR, Kernels.Tier.AUTO);
        assertSameLogits(gguf, directory, options, memory, engines, 1, 1, 2, 13, 64);
    }

    private static void assertSameLogits(
            Path gguf,
            Path directory,
            SessionOptions options,
            Memory memory,
            List<EngineOptions> engines,
            int... counts) {
        for (EngineOptions engine : engines) {
            try (Model expected = Model.open(gguf, engine, Memory.MAPPED);
                    Model found = Model.open(directory, engine, memory);
                    Session a = expected.newSession(options);
                    Session b = found.newSession(options)) {
                assertThat(found.leftovers()).isEmpty();
                for (int count : counts) {
                    int[] tokens = tokens(expected, count);
                    assertThat(b.forward(tokens))
                            .as("%d tokens, %s", count, engine)
                            .isDeepEqualTo(a.forward(tokens));
                }
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"F32", "F16", "BF16"})
    void everyTypeOfWeightsGivesTheSameLogits(String format) {
        Path gguf = gguf(TinyModel.standard().format(format));
        Path directory = ModelDirectory.write(gguf, folder.resolve("hf"));
        assertSameLogits(gguf, directory);
        assertSameLogits(gguf, directory, SessionOptions.defaults(), Memory.COPIED);
    }

    @Test
    void biasesAreAddedBeforeTheOrderChanges() {
        TinyFile file = TinyModel.standard();
        for (int l = 0; l < TinyModel.LAYERS; l++) {
            String blk = "blk." + l + ".";
            file.tensor(blk + "attn_q.bias", 1, TinyModel.HEADS * TinyModel.HEAD_DIM);
            file.tensor(blk + "attn_k.bias", 1, TinyModel.KV_HEADS * TinyModel.HEAD_DIM);
            file.tensor(blk + "attn_v.bias", 1, TinyModel.KV_HEADS * TinyModel.HEAD_DIM);
            file.tensor(blk + "attn_output.bias", 1, TinyModel.WIDTH);
        }
        Path gguf = gguf(file);
        assertSameLogits(
                gguf, ModelDirectory.write(gguf, folder.resolve("hf"), config -> config.put("attention_bias", true)));
        Path unsaid = ModelDirectory.write(gguf, folder.resolve("no"), config -> config.put("attention_bias", false));
        assertThatThrownBy(() -> Model.open(unsaid))
                .isInstanceOf(ExcitorException.MalformedFile.class)
                .hasMessageContaining("blk.0.attn_q.bias: expected none, as config.json says, found one");
    }

    @Test
    void theOutputMayBeTheEmbedding() {
        Path gguf = gguf(TinyModel.standard().without("output.weight"));
        assertSameLogits(gguf, ModelDirectory.write(gguf, folder.resolve("hf")));
        Path untied =
                ModelDirectory.write(gguf, folder.resolve("no"), config -> config.put("tie_word_embeddings", false));
        assertThatThrownBy(() -> Model.open(untied))
                .isInstanceOf(ExcitorException.MalformedFile.class)
                .hasMessageContaining("lm_head.weight");
    }

    /// Heads that are not as wide as width / heads, more query heads than kv heads, and their number odd.
    @Test
    void headsMayHaveASizeOfTheirOwn() {
        TinyFile file = TinyModel.standard();
        file.set("llama.attention.key_length", 32L).set("llama.attention.value_length", 32L);
        file.set("llama.rope.dimension_count", 32L);
        file.set("llama.attention.head_count", 3L).set("llama.attention.head_count_kv", 1L);
        for (int l = 0; l < TinyModel.LAYERS; l++) {
            String blk = "blk." + l + ".";
            file.tensor(blk + "attn_q.weight", 96, TinyModel.WIDTH);
            file.tensor(blk + "attn_k.weight", 32, TinyModel.WIDTH);
            file.tensor(blk + "attn_v.weight", 32, TinyModel.WIDTH);
            file.tensor(blk + "attn_output.weight", TinyModel.WIDTH, 96);
        }
        Path gguf = gguf(file);
        assertSameLogits(gguf, ModelDirectory.write(gguf, folder.resolve("hf"), config -> config.put("head_dim", 32)));
    }

    @Test
    void stretchedContextsGiveTheSameLogits() throws IOException {
        Path linear = TinyModel.standard()
                .set("llama.rope.freq_base", 500_000f)
                .set("llama.rope.scaling.type", "linear")
                .set("llama.rope.scaling.factor", 4f)
                .write(folder.resolve("linear.gguf"));
        assertSameLogits(linear, ModelDirectory.write(linear, folder.resolve("linear"), config -> {
            config.putObject("rope_scaling").put("type", "linear").put("factor", 4.0);
        }));
        Path yarn = TinyModel.standard()
                .set("llama.rope.scaling.type", "yarn")
                .set("llama.rope.scaling.factor", 8f)
                .set("llama.rope.scaling.original_context_length", 32L)
                .set("llama.rope.scaling.yarn_beta_fast", 16f)
                .write(folder.resolve("yarn.gguf"));
        assertSameLogits(yarn, ModelDirectory.write(yarn, folder.resolve("yarn"), config -> {
            config.remove("rope_theta");
            config.putObject("rope_parameters")
                    .put("rope_type", "yarn")
                    .put("rope_theta", 10_000)
                    .put("factor", 8)
                    .put("beta_fast", 16.0)
                    .put("original_max_position_embeddings", 32);
        }));
        Path plain = TinyModel.standard().write(folder.resolve("plain.gguf"));
        Path directory = ModelDirectory.write(
                plain,
                folder.resolve("llama3"),
                config -> config.putObject("rope_scaling")
                        .put("rope_type", "llama3")
                        .put("factor", 8.0)
                        .put("low_freq_factor", 1.0)
                        .put("high_freq_factor", 4.0)
                        .put("original_max_position_embeddings", 128));
        Path llama3 = folder.resolve("llama3.gguf");
        try (Checkpoint model = CheckpointReader.open(plain, Memory.MAPPED);
                Checkpoint factors = CheckpointReader.open(directory, Memory.MAPPED)) {
            GgufWriter writer = new GgufWriter(llama3).copy(plain, key -> true);
            model.tensors().forEach(writer::tensor);
            writer.tensor(factors.find("rope_freqs.weight").orElseThrow()).write();
        }
        assertSameLogits(llama3, directory);
        try (Model without = Model.open(plain);
                Model with = Model.open(directory);
                Session a = without.newSession();
                Session b = with.newSession()) {
            assertThat(b.forward(tokens(with, 64))).isNotEqualTo(a.forward(tokens(with, 64)));
        }
    }

    @TestFactory
    Stream<DynamicTest> anAdapterOfTheGgufFitsTheDirectory() {
        record Setting(String name, String value) {}
        List<List<Setting>> settings = List.of(
                List.of(),
                List.of(new Setting("query_rope", "raw")),
                List.of(new Setting("extra_key_rope", "key")),
                List.of(new Setting("inner_heads", "single")),
                List.of(new Setting("width", "q"), new Setting("gate_shape", "head")),
                List.of(new Setting("rope_layout", "half"), new Setting("input", "pre_norm")));
        return settings.stream()
                .map(list -> DynamicTest.dynamicTest(list.toString(), () -> {
                    TinyFile file = TinyAdapter.standard();
                    list.forEach(setting -> file.set(TinyAdapter.setting(setting.name()), setting.value()));
                    if (list.stream().anyMatch(setting -> setting.name().equals("width"))) {
                        int width = TinyModel.HEADS * TinyModel.HEAD_DIM;
                        file.tensor(TinyAdapter.tensor("prompt"), TinyAdapter.PROMPTS, width);
                        file.tensor(TinyAdapter.tensor("q_up"), width, TinyAdapter.RANK);
                        file.tensor(TinyAdapter.tensor("gate"), 1, TinyModel.HEADS);
                    }
                    Adapter adapter = Adapter.open(file.write(folder.resolve("adapter.gguf")));
                    Path gguf = gguf(TinyModel.standard().format("BF16"));
                    Path directory = ModelDirectory.write(gguf, folder.resolve("hf"));
                    for (Strategy strategy : Strategy.exactFor(adapter.config())) {
                        assertSameLogits(
                                gguf,
                                directory,
                                SessionOptions.defaults().adapter(adapter).strategy(strategy),
                                Memory.MAPPED);
                    }
                }));
    }

    /// Other writers pad nothing: weights begin at any byte.
    @ParameterizedTest
    @ValueSource(strings = {"F32", "F16", "BF16"})
    void weightsMayLieAnywhere(String format) throws IOException {
        Path gguf = gguf(TinyModel.standard().format(format));
        Path directory = ModelDirectory.write(gguf, folder.resolve("hf"));
        Path weights = directory.resolve("model.safetensors");
        byte[] bytes = Files.readAllBytes(weights);
        for (int shift = 1; shift < 4; shift++) {
            byte[] shifted = new byte[bytes.length + shift];
            int header = 8 + (bytes[0] & 0xff) + ((bytes[1] & 0xff) << 8);
            System.arraycopy(bytes, 0, shifted, 0, header);
            Arrays.fill(shifted, header, header + shift, (byte) ' ');
            System.arraycopy(bytes, header, shifted, header + shift, bytes.length - header);
            shifted[0] = (byte) (header - 8 + shift);
            Files.write(weights, shifted);
            assertSameLogits(gguf, directory);
        }
    }

    @Test
    void aChangeOfTheWeightsStopsItsSessions() throws IOException {
        Path directory = ModelDirectory.write(gguf(TinyModel.standard()), folder.resolve("hf"));
        try (Model model = Model.open(directory);
                Session session = model.newSession()) {
            session.forward(3);
            Path weights = directory.resolve("model.safetensors");
            Files.write(weights, Arrays.copyOf(Files.readAllBytes(weights), 4096));
            assertThatThrownBy(() -> session.forward(3)).isInstanceOf(ExcitorException.FileChanged.class);
        }
    }

    /// Recorded models and adapters, whose logits others have computed, and texts for their vocabularies.
    @TestFactory
    Stream<DynamicTest> recordedModelsGiveTheSame() {
        return Stream.of("micro-f32", "micro-f16", "micro-bf16", "stories260K-f32", "stories260K-f16")
                .map(name -> DynamicTest.dynamicTest(name, () -> {
                    Path gguf = Shared.folder("models").resolve(name + ".gguf");
                    Path directory = ModelDirectory.write(gguf, folder.resolve(name));
                    List<EngineOptions> engines = engines(Kernels.Tier.AUTO);
                    assertSameLogits(gguf, directory, SessionOptions.defaults(), Memory.MAPPED, engines, 1, 17);
                    assertSameTokens(
                            gguf,
                            directory,
                            List.of("Once upon a time, there was\n  a girl.", "h\u00e9llo \ud83d\ude00"));
                    String prefix = name.startsWith("micro") ? "micro-" : "stories-";
                    List<Path> adapters = name.endsWith("f32")
                            ? Shared.files("oracles/excitor", ".gguf")
                                    .filter(path ->
                                            path.getFileName().toString().startsWith(prefix))
                                    .toList()
                            : List.of();
                    for (Path path : adapters) {
                        assertSameLogits(
                                gguf, directory, SessionOptions.defaults().adapter(Adapter.open(path)), Memory.MAPPED);
                    }
                }));
    }

    @TestFactory
    Stream<DynamicTest> realVocabulariesGiveTheSameTokens() {
        return Shared.files("tokenizers", ".gguf")
                .map(gguf -> DynamicTest.dynamicTest(gguf.getFileName().toString(), () -> {
                    Path directory = ModelDirectory.write(
                            gguf, folder.resolve(gguf.getFileName().toString()));
                    String cases = Files.readString(gguf.resolveSibling(gguf.getFileName() + ".inp"));
                    assertSameTokens(gguf, directory, List.of(cases.split("\n__ggml_vocab_test__\n", -1)));
                }));
    }

    private static void assertSameTokens(Path gguf, Path directory, List<String> texts) {
        try (Checkpoint expected = CheckpointReader.open(gguf, Memory.MAPPED);
                Checkpoint found = CheckpointReader.open(directory, Memory.MAPPED)) {
            Tokenizer a = Tokenizer.of(expected.metadata());
            Tokenizer b = Tokenizer.of(found.metadata());
            assertThat(b.vocabulary().bos()).isEqualTo(a.vocabulary().bos());
            assertThat(b.vocabulary().eos()).isEqualTo(a.vocabulary().eos());
            assertThat(b.vocabulary().endOfGeneration())
                    .isEqualTo(a.vocabulary().endOfGeneration());
            for (String text : texts) {
                for (boolean special : new boolean[] {false, true}) {
                    EncodeOptions options = new EncodeOptions(special, special);
                    assertThat(b.encode(text, options)).as(text).containsExactly(a.encode(text, options));
                }
            }
            for (int id = 0; id < a.vocabulary().size(); id++) {
                assertThat(b.bytes(id, true)).as("token %d", id).isEqualTo(a.bytes(id, true));
            }
        }
    }
}
