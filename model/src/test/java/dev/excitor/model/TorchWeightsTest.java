package dev.excitor.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.excitor.loaders.safetensors.SafetensorsFile;
import dev.excitor.loaders.tensors.Dtype;
import dev.excitor.loaders.tensors.StoredTensor;
import dev.excitor.runtime.EngineOptions;
import dev.excitor.runtime.ExcitorException.FileChanged;
import dev.excitor.runtime.ExcitorException.MalformedFile;
import dev.excitor.runtime.Tensor;
import dev.excitor.runtime.checkpoint.Checkpoint;
import dev.excitor.runtime.checkpoint.CheckpointReader;
import dev.excitor.runtime.checkpoint.CheckpointReader.Memory;
import dev.excitor.runtime.format.Formats;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// The same weights in safetensors and as PyTorch saves them: the same tensors and logits bit for bit.
class TorchWeightsTest {

    @TempDir
    Path folder;

    private Path safetensors(String format) {
        Path gguf = TinyModel.standard().format(format).write(folder.resolve("model.gguf"));
        return ModelDirectory.write(gguf, folder.resolve("safetensors"));
    }

    /// A directory like another whose weights lie in so many files of PyTorch's.
    private Path torch(Path directory, int files) throws IOException {
        Path torch = Files.createDirectories(folder.resolve("torch"));
        for (String name : List.of("config.json", "tokenizer.json")) {
            Files.copy(directory.resolve(name), torch.resolve(name));
        }
        try (var weights = SafetensorsFile.open(directory.resolve("model.safetensors"), Memory.MAPPED)) {
            var index = new ObjectMapper().createObjectNode();
            ObjectNode places = index.putObject("weight_map");
            var tensors = new ArrayList<>(weights.tensors().values());
            for (int i = 0; i < files; i++) {
                String name =
                        files == 1 ? "pytorch_model.bin" : "pytorch_model-%05d-of-%05d.bin".formatted(i + 1, files);
                var writer = new TorchWriter();
                for (int t = i; t < tensors.size(); t += files) {
                    add(writer, tensors.get(t));
                    places.put(tensors.get(t).name(), name);
                }
                add(writer, inverseFrequencies(i));
                places.put(inverseFrequencies(i).name(), name);
                writer.write(torch.resolve(name));
            }
            if (files > 1) {
                new ObjectMapper()
                        .writeValue(
                                torch.resolve("pytorch_model.bin.index.json").toFile(), index);
            }
        }
        return torch;
    }

    private static void add(TorchWriter writer, StoredTensor tensor) {
        writer.tensor(
                tensor.name(),
                Formats.of(tensor.dtype().name()),
                tensor.shape().stream().map(Math::toIntExact).toList(),
                TorchWriter.bytes(tensor.data()));
    }

    /// What older programs saved beside the weights, and nobody reads.
    private static StoredTensor inverseFrequencies(int layer) {
        return new StoredTensor(
                "model.layers.%d.self_attn.rotary_emb.inv_freq".formatted(layer),
                Dtype.F32,
                List.of(4L),
                MemorySegment.ofArray(new byte[16]));
    }

    @ParameterizedTest
    @CsvSource({"F32, 1", "F16, 1", "BF16, 1", "F32, 3", "BF16, 2"})
    void theSameWeightsGiveTheSameLogits(String format, int files) throws IOException {
        Path expected = safetensors(format);
        Path found = torch(expected, files);
        for (Memory memory : Memory.values()) {
            try (Model a = Model.open(expected);
                    Model b = Model.open(found, EngineOptions.defaults(), memory);
                    Session one = a.newSession();
                    Session two = b.newSession()) {
                assertThat(b.leftovers()).isEmpty();
                assertThat(b.checkpoint().tensors())
                        .hasSameSizeAs(a.checkpoint().tensors());
                for (Tensor tensor : a.checkpoint().tensors()) {
                    Tensor same = b.checkpoint().find(tensor.name()).orElseThrow();
                    assertThat(same.format()).isEqualTo(tensor.format());
                    assertThat(same.shape()).isEqualTo(tensor.shape());
                    assertThat(same.data().mismatch(tensor.data()))
                            .as(tensor.name())
                            .isEqualTo(-1);
                }
                for (int count : new int[] {1, 2, 13, 40}) {
                    int[] tokens = new Random(7).ints(count, 3, TinyModel.VOCAB).toArray();
                    assertThat(two.forward(tokens)).as("%d tokens", count).isDeepEqualTo(one.forward(tokens));
                }
            }
        }
    }

    @Test
    void weightsAreUsedInPlaceAndTheDescriptionSaysWhose() throws IOException {
        Path expected = safetensors("BF16");
        try (Checkpoint model = CheckpointReader.open(torch(expected, 2), Memory.MAPPED)) {
            assertThat(model.description()).isEqualTo("Hugging Face, PyTorch, 2 files, mapped");
            assertThat(FilePages.hold(
                            model.find("blk.1.ffn_down.weight").orElseThrow().data()))
                    .isTrue();
        }
    }

    @Test
    void safetensorsAreReadWhereBothAreThere() throws IOException {
        Path directory = safetensors("F32");
        Files.writeString(directory.resolve("pytorch_model.bin"), "nobody reads this");
        try (Checkpoint model = CheckpointReader.open(directory, Memory.MAPPED)) {
            assertThat(model.description()).isEqualTo("Hugging Face, safetensors, mapped");
        }
    }

    @Test
    void aShardThatIsGoneOrChangesIsNamed() throws IOException {
        Path directory = torch(safetensors("F32"), 3);
        Path shard = directory.resolve("pytorch_model-00002-of-00003.bin");
        byte[] bytes = Files.readAllBytes(shard);
        try (Model model = Model.open(directory);
                Session session = model.newSession()) {
            session.forward(3);
            Files.write(shard, Arrays.copyOf(bytes, bytes.length / 2));
            assertThatThrownBy(() -> session.forward(3))
                    .isInstanceOf(FileChanged.class)
                    .hasMessageContaining(shard.toString());
        }
        Files.delete(shard);
        assertThatThrownBy(() -> CheckpointReader.open(directory, Memory.MAPPED))
                .isInstanceOf(MalformedFile.class)
                .hasMessageContaining(shard.toString());
    }
}
