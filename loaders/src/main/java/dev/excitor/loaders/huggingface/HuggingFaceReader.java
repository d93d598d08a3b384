package dev.excitor.loaders.huggingface;

import dev.excitor.runtime.checkpoint.Checkpoint;
import dev.excitor.runtime.checkpoint.CheckpointReader;
import java.nio.file.Files;
import java.nio.file.Path;

/// Reads a model directory of Hugging Face, a LLaMA's or one of its family.
///
/// Weights are used in place, in the order in which they lie: the rows of query and key matrices are in half-split
/// order, as `llama.rope.layout` in the metadata says. Vectors become F32, as in GGUF.
public final class HuggingFaceReader implements CheckpointReader {

    static final String CONFIG = "config.json";

    /// Also what the loader of services calls.
    public HuggingFaceReader() {}

    @Override
    public String formatName() {
        return "a Hugging Face directory with config.json and weights in safetensors or of PyTorch";
    }

    @Override
    public boolean recognises(Path path) {
        return Files.isDirectory(path) && Files.exists(path.resolve(CONFIG));
    }

    /// @param path the directory
    @Override
    public Checkpoint read(Path path, Memory memory) {
        return HuggingFaceCheckpoint.open(path, memory);
    }
}
