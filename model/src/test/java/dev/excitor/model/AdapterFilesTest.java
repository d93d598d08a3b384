package dev.excitor.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.excitor.loaders.conversion.AdapterConversion;
import dev.excitor.loaders.conversion.Conversion;
import dev.excitor.model.adapter.Adapter;
import dev.excitor.runtime.ExcitorException;
import dev.excitor.runtime.Tensor;
import dev.excitor.runtime.checkpoint.Checkpoint;
import dev.excitor.runtime.checkpoint.CheckpointReader;
import dev.excitor.runtime.checkpoint.CheckpointReader.Memory;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/// Adapters and models out of one kind of file into another: nothing changes but the file.
class AdapterFilesTest {

    @TempDir
    Path folder;

    private Path convert(Path adapter, String name) throws IOException {
        Path target = folder.resolve(name);
        try (Checkpoint source = CheckpointReader.open(adapter, Memory.MAPPED);
                FileChannel channel =
                        FileChannel.open(target, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            assertThat(AdapterConversion.isAdapter(source)).isTrue();
            AdapterConversion.write(source, AdapterConversion.Target.of(target), channel);
        }
        return target;
    }

    private static void assertSameLogits(Path model, Path expected, Path found) {
        Adapter a = Adapter.open(expected);
        Adapter b = Adapter.open(found);
        assertThat(b.config()).isEqualTo(a.config());
        try (Model opened = Model.open(model);
                Session bare = opened.newSession();
                Session first = opened.newSession(a);
                Session second = opened.newSession(b)) {
            int[] tokens = {3, 7, 11, 200};
            float[][] logits = first.forward(tokens);
            assertThat(second.forward(tokens)).isDeepEqualTo(logits);
            assertThat(bare.forward(tokens)).isNotEqualTo(logits);
        }
    }

    @Test
    void anAdapterIsTheSameInEitherFile() throws IOException {
        Path model = TinyModel.standard().write(folder.resolve("model.gguf"));
        Path gguf = TinyAdapter.standard()
                .set(TinyAdapter.setting("inner_scale"), 0.3f)
                .set(TinyAdapter.setting("prompt_template"), "### {instruction}\n\u00e9")
                .set(TinyAdapter.setting("base.hash"), "12345678901234567890")
                .write(folder.resolve("adapter.gguf"));
        Path safetensors = convert(gguf, "there.safetensors");
        assertSameLogits(model, gguf, safetensors);
        assertSameLogits(model, gguf, convert(safetensors, "back.gguf"));
        assertSameLogits(model, gguf, convert(safetensors, "again.safetensors"));
        assertThatThrownBy(() -> convert(gguf, "adapter.pth"))
                .isInstanceOf(ExcitorException.Unsupported.class)
                .hasMessageContaining(".safetensors");
    }

    @Test
    void aQuantizedAdapterBecomesFloats() throws IOException {
        Path model = TinyModel.standard().write(folder.resolve("model.gguf"));
        TinyFile file = TinyAdapter.standard().format("Q8_0");
        file.set(TinyAdapter.setting("rank"), 32L);
        file.tensor(TinyAdapter.tensor("q_down"), 32, TinyModel.WIDTH);
        file.tensor(TinyAdapter.tensor("q_up"), TinyAdapter.EXTRA, 32);
        Path gguf = file.write(folder.resolve("adapter.gguf"));
        assertSameLogits(model, gguf, convert(gguf, "there.safetensors"));
    }

    @TestFactory
    Stream<DynamicTest> recordedAdaptersAreTheSameInEitherFile() {
        return Shared.files("oracles/excitor", ".gguf")
                .map(path -> DynamicTest.dynamicTest(path.getFileName().toString(), () -> {
                    String name = path.getFileName().toString();
                    Path model = Shared.folder("models")
                            .resolve(name.startsWith("micro") ? "micro-f32.gguf" : "stories260K-f32.gguf");
                    assertSameLogits(model, path, convert(path, name.replace(".gguf", ".safetensors")));
                }));
    }

    @Test
    void aFileOfTensorsThatSaysNothingIsRefused() throws IOException {
        Path directory =
                ModelDirectory.write(TinyModel.standard().write(folder.resolve("m.gguf")), folder.resolve("hf"));
        assertThatThrownBy(() -> Model.open(directory.resolve("model.safetensors")))
                .isInstanceOf(ExcitorException.Unsupported.class)
                .hasMessageContaining("a model's directory with config.json");
    }

    /// Rows of queries and keys get GGUF's order, biases too, and nobody can tell the file from the first.
    @Test
    void aDirectoryBecomesTheGgufThatItWasMadeOf() throws IOException {
        TinyFile file = TinyModel.standard().format("F16");
        for (int l = 0; l < TinyModel.LAYERS; l++) {
            file.tensor("blk." + l + ".attn_q.bias", 1, TinyModel.HEADS * TinyModel.HEAD_DIM);
            file.tensor("blk." + l + ".attn_k.bias", 1, TinyModel.KV_HEADS * TinyModel.HEAD_DIM);
        }
        Path gguf = file.write(folder.resolve("model.gguf"));
        Path directory = ModelDirectory.write(gguf, folder.resolve("hf"));
        Path target = folder.resolve("converted.gguf");
        try (Checkpoint source = CheckpointReader.open(directory, Memory.MAPPED);
                FileChannel channel =
                        FileChannel.open(target, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            var options = new Conversion.Options(Optional.empty(), false, false, false, 2);
            Conversion.plan(source, options).write(channel, Conversion.Listener.NONE);
        }
        try (Checkpoint expected = CheckpointReader.open(gguf, Memory.MAPPED);
                Checkpoint found = CheckpointReader.open(target, Memory.MAPPED)) {
            assertThat(found.tensors()).hasSameSizeAs(expected.tensors());
            for (Tensor tensor : expected.tensors()) {
                Tensor same = found.find(tensor.name()).orElseThrow();
                assertThat(same.format()).isEqualTo(tensor.format());
                assertThat(same.data().mismatch(tensor.data()))
                        .as(tensor.name())
                        .isEqualTo(-1);
            }
            assertThat(found.metadata().has("llama.rope.layout")).isFalse();
        }
    }
}
