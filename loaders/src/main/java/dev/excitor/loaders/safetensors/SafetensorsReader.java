package dev.excitor.loaders.safetensors;

import dev.excitor.runtime.ExcitorException.Unsupported;
import dev.excitor.runtime.checkpoint.Checkpoint;
import dev.excitor.runtime.checkpoint.CheckpointReader;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/// Reads a safetensors file that says in its `__metadata__` what it is: an Excitor adapter, under GGUF's keys, numbers
/// as texts. The weights of a model alone are a part of its directory.
public final class SafetensorsReader implements CheckpointReader {

    private static final String ENDING = ".safetensors";
    private static final String KIND = "adapter.type";

    /// Also what the loader of services calls.
    public SafetensorsReader() {}

    @Override
    public String formatName() {
        return "safetensors";
    }

    /// By the name, or by a header of a plausible length.
    @Override
    public boolean recognises(Path path) {
        if (!Files.isRegularFile(path)) {
            return false;
        }
        if (String.valueOf(path.getFileName()).endsWith(ENDING)) {
            return true;
        }
        try (InputStream in = Files.newInputStream(path)) {
            byte[] start = in.readNBytes(9);
            return start.length == 9
                    && start[4] == 0
                    && start[5] == 0
                    && start[6] == 0
                    && start[7] == 0
                    && start[8] == '{';
        } catch (IOException unreadable) {
            return false;
        }
    }

    @Override
    public Checkpoint read(Path path, Memory memory) {
        SafetensorsFile file = SafetensorsFile.open(path, memory);
        try {
            if (!file.metadata().containsKey(KIND)) {
                throw new Unsupported(
                        "%s: a file of tensors that does not say what they are (no %s in %s)"
                                .formatted(path, KIND, SafetensorsHeader.METADATA),
                        List.of("Excitor adapters", "a model's directory with config.json"));
            }
            return new SafetensorsCheckpoint(file, memory);
        } catch (RuntimeException | Error e) {
            file.close();
            throw e;
        }
    }
}
