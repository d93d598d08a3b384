package dev.excitor.loaders.attacks;

import static org.assertj.core.api.Assertions.assertThat;

import dev.excitor.loaders.huggingface.HuggingFaceReader;
import dev.excitor.runtime.Tensor;
import dev.excitor.runtime.checkpoint.Checkpoint;
import dev.excitor.runtime.checkpoint.CheckpointReader.Memory;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// A directory whose weights PyTorch itself saved, as programs save a model: the `state_dict` of a module in half
/// precision, its output tied to its embedding, with a buffer that nobody reads. Number i of each parameter is i / 4 -
/// 1.
class TorchDirectoryTest {

    @TempDir
    Path folder;

    @ParameterizedTest
    @EnumSource(Memory.class)
    void aStateDictOfPyTorchIsRead(Memory memory) throws IOException {
        byte[] weights;
        try (InputStream in = HuggingFaceReader.class.getResourceAsStream("pytorch_model.bin")) {
            weights = in.readAllBytes();
        }
        RawDirectory.sound()
                .without(RawDirectory.WEIGHTS)
                .file("pytorch_model.bin", weights)
                .write(folder);
        try (Checkpoint model = new HuggingFaceReader().read(folder, memory)) {
            assertThat(model.description()).startsWith("Hugging Face, PyTorch, ");
            assertThat(model.tensors())
                    .extracting(Tensor::name)
                    .containsExactlyInAnyOrder("token_embd.weight", "output_norm.weight", "blk.0.attn_q.weight");
            for (Tensor tensor : model.tensors()) {
                boolean vector = tensor.shape().rows() == 1;
                assertThat(tensor.format().name()).isEqualTo(vector ? "F32" : "F16");
                float[] numbers = new float[(int) tensor.shape().elements()];
                tensor.format().decode(tensor.data(), 0, numbers, 0, numbers.length);
                for (int i = 0; i < numbers.length; i++) {
                    assertThat(numbers[i]).as("%s, number %d", tensor.name(), i).isEqualTo(i / 4f - 1);
                }
            }
            model.checkUnchanged();
        }
    }
}
