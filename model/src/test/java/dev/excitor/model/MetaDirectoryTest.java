package dev.excitor.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.excitor.model.adapter.Adapter;
import dev.excitor.runtime.EngineOptions;
import dev.excitor.runtime.ExcitorException.MalformedFile;
import dev.excitor.runtime.ExcitorException.Mismatch;
import dev.excitor.runtime.ExcitorException.Unsupported;
import dev.excitor.runtime.Tensor;
import dev.excitor.runtime.checkpoint.CheckpointReader.Memory;
import dev.excitor.runtime.format.Formats;
import dev.excitor.runtime.kernel.Kernels;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// The same weights as a GGUF file and as Meta's directory: the same logits bit for bit, for the same kernels.
class MetaDirectoryTest {

    @TempDir
    Path folder;

    /// Norms are numbers that every type holds, for in these files they have the matrices' type.
    private Path gguf(String format) {
        TinyFile file = TinyModel.standard().format(format).fill("output_norm.weight", 1.5f);
        for (int l = 0; l < TinyModel.LAYERS; l++) {
            file.fill("blk." + l + ".attn_norm.weight", 1.25f).fill("blk." + l + ".ffn_norm.weight", 0.75f);
        }
        return file.write(folder.resolve("model.gguf"));
    }

    private Path directory(Consumer<ObjectNode> change) {
        return MetaDirectory.write(gguf("F32"), folder.resolve("changed"), 1, false, change);
    }

    private static void assertSameLogits(Path gguf, Path directory, Memory memory) {
        for (Kernels.Tier tier : List.of(Kernels.Tier.SCALAR, Kernels.Tier.AUTO)) {
            EngineOptions engine = EngineOptions.defaults().withTier(tier);
            try (Model expected = Model.open(gguf, engine, Memory.MAPPED);
                    Model found = Model.open(directory, engine, memory);
                    Session a = expected.newSession();
                    Session b = found.newSession()) {
                assertThat(found.leftovers()).isEmpty();
                for (int count : new int[] {1, 2, 13, 40}) {
                    int[] tokens = new Random(7).ints(count, 3, TinyModel.VOCAB).toArray();
                    assertThat(b.forward(tokens))
                            .as("%d tokens, %s", count, tier)
                            .isDeepEqualTo(a.forward(tokens));
                }
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"F32, 1, false", "F16, 1, false", "BF16, 1, false", "F32, 2, false", "F16, 2, true", "BF16, 2, false"})
    void theSameWeightsGiveTheSameLogits(String format, int files, boolean embeddingByRows) {
        Path gguf = gguf(format);
        Path directory = MetaDirectory.write(gguf, folder.resolve("meta"), files, embeddingByRows, params -> {});
        for (Memory memory : Memory.values()) {
            assertSameLogits(gguf, directory, memory);
        }
    }

    @Test
    void oneFileIsUsedInPlaceAndSeveralArePutTogether() {
        Path gguf = gguf("BF16");
        try (Model one = Model.open(MetaDirectory.write(gguf, folder.resolve("one"), 1));
                Model two = Model.open(MetaDirectory.write(gguf, folder.resolve("two"), 2))) {
            assertThat(one.checkpoint().description()).isEqualTo("Meta, mapped");
            assertThat(FilePages.hold(matrix(one).data())).isTrue();
            assertThat(two.checkpoint().description()).isEqualTo("Meta, 2 files put together in memory");
            assertThat(FilePages.hold(matrix(two).data())).isFalse();
            assertThat(matrix(two).data().mismatch(matrix(one).data())).isEqualTo(-1);
            assertThat(one.tokenizer().description()).isEqualTo("SentencePiece, 262 tokens");
            one.checkpoint().checkUnchanged();
        }
    }

    private static Tensor matrix(Model model) {
        return model.checkpoint().find("blk.1.ffn_down.weight").orElseThrow();
    }

    /// Llama 3.1 slows long waves down by 8 and leaves short ones alone.
    @Test
    void scaledRotationsBecomeFactorsOfFrequencies() {
        Path directory = directory(params -> params.put("rope_theta", 500_000).put("use_scaled_rope", true));
        try (Model model = Model.open(directory)) {
            Tensor factors = model.checkpoint().find("rope_freqs.weight").orElseThrow();
            float[] numbers = factors.data().toArray(ValueLayout.JAVA_FLOAT);
            assertThat(numbers)
                    .hasSize(TinyModel.HEAD_DIM / 2)
                    .isSorted()
                    .startsWith(1, 1)
                    .endsWith(8, 8);
            assertThat(model.leftovers()).isEmpty();
            assertThat(model.dimensions().context()).isEqualTo(131_072);
        }
    }

    @Test
    void whatTheGenerationsHadInCommonTellsTheContext() {
        try (Model llama2 = Model.open(directory(params -> {}))) {
            assertThat(llama2.dimensions().context()).isEqualTo(4096);
        }
        try (Model said = Model.open(directory(params -> params.put("max_seq_len", 77)))) {
            assertThat(said.dimensions().context()).isEqualTo(77);
        }
    }

    @Test
    void impossibleDirectoriesAreRefusedByName() throws IOException {
        Path gguf = gguf("F32");
        Path missing = MetaDirectory.write(gguf, folder.resolve("missing"), 3 - 1);
        Files.move(missing.resolve("consolidated.00.pth"), missing.resolve("consolidated.02.pth"));
        assertThatThrownBy(() -> Model.open(missing))
                .isInstanceOf(MalformedFile.class)
                .hasMessageContaining("expected consolidated.00.pth, as there are 2 files of its kind");

        Path mixed = MetaDirectory.write(gguf, folder.resolve("mixed"), 2);
        Path whole = MetaDirectory.write(gguf, folder.resolve("whole"), 1);
        Files.copy(whole.resolve("consolidated.00.pth"), mixed.resolve("consolidated.02.pth"));
        assertThatThrownBy(() -> Model.open(mixed))
                .isInstanceOf(Mismatch.class)
                .hasMessageContaining("consolidated.02.pth")
                .hasMessageContaining("tok_embeddings.weight");

        Path less = MetaDirectory.write(gguf, folder.resolve("less"), 1);
        var writer = new TorchWriter().tensor("norm.weight", Formats.of("F32"), List.of(64), new byte[256]);
        writer.write(less.resolve("consolidated.00.pth"));
        assertThatThrownBy(() -> Model.open(less))
                .isInstanceOf(MalformedFile.class)
                .hasMessageContaining("tensor tok_embeddings.weight: expected one, found none");

        Files.delete(whole.resolve("tokenizer.model"));
        assertThatThrownBy(() -> Model.open(whole))
                .isInstanceOf(MalformedFile.class)
                .hasMessageContaining("expected tokenizer.model in it, found none");
        Files.writeString(whole.resolve("tokenizer.model"), "IQ== 0\nIg== 2\n", StandardCharsets.US_ASCII);
        assertThatThrownBy(() -> Model.open(whole))
                .isInstanceOf(MalformedFile.class)
                .hasMessageContaining("byte 7: expected a token of 1 to 512 bytes in Base64, a space and 1");
        Files.writeString(whole.resolve("tokenizer.model"), "IQ== 0\nIQ== 1\n", StandardCharsets.US_ASCII);
        assertThatThrownBy(() -> Model.open(whole)).hasMessageContaining("token 1: expected one of its own");
        Files.writeString(whole.resolve("tokenizer.model"), "IQ== 0\n", StandardCharsets.US_ASCII);
        assertThatThrownBy(() -> Model.open(whole)).hasMessageContaining("each of the 256 bytes, found 1");
    }

    @Test
    void impossibleSettingsAreRefusedByName() {
        assertRefused(params -> params.remove("n_heads"), "field n_heads");
        assertRefused(params -> params.put("n_heads", 0), "field n_heads");
        assertRefused(params -> params.put("n_heads", 3), "field dim: expected a multiple of the 3 heads");
        assertRefused(params -> params.put("norm_eps", -1), "field norm_eps: expected a finite positive number");
        assertRefused(params -> params.put("vocab_size", 32_000), "field vocab_size: expected 262");
        assertRefused(params -> params.put("n_layers", 1e300), "field n_layers");
        assertThatThrownBy(() -> Model.open(directory(params -> params.put("quantization_args", "int4"))))
                .isInstanceOf(Unsupported.class)
                .hasMessageContaining("field quantization_args");
    }

    private void assertRefused(Consumer<ObjectNode> change, String part) {
        Path directory = directory(change);
        assertThatThrownBy(() -> Model.open(directory))
                .isInstanceOf(MalformedFile.class)
                .hasMessageContaining("params.json")
                .hasMessageContaining(part);
    }

    @Test
    void bareFilesOfPyTorchAreRefusedWithWhatTheyAre() throws IOException {
        Path consolidated =
                MetaDirectory.write(gguf("F32"), folder.resolve("meta"), 1).resolve("consolidated.00.pth");
        assertThatThrownBy(() -> Model.open(consolidated))
                .isInstanceOf(Unsupported.class)
                .hasMessageContaining("21 tensors")
                .hasMessageContaining("open the directory");

        Path parent = folder.resolve("llama_adapter.pth");
        new TorchWriter()
                .tensor("adapter_query.weight", Formats.of("F16"), List.of(20, 64), new byte[20 * 64 * 2])
                .tensor("layers.0.attention.gate", Formats.of("F32"), List.of(1, 4, 1, 1), new byte[16])
                .write(parent);
        assertThatThrownBy(() -> Adapter.open(parent))
                .isInstanceOf(Unsupported.class)
                .hasMessageContaining("a LLaMA-Adapter")
                .hasMessageContaining("LLaMA-Excitor");
    }
}
