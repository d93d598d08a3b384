package dev.excitor.loaders.meta;

import dev.excitor.runtime.checkpoint.Checkpoint;
import dev.excitor.runtime.checkpoint.CheckpointReader;
import java.nio.file.Files;
import java.nio.file.Path;

/// Reads a model directory of Meta, or of Mistral in the same form.
///
/// The weights of one file are used in place. Those of several are put together in native memory, which takes as much
/// as the model has, and the files are closed again.
public final class MetaReader implements CheckpointReader {

    /// Also what the loader of services calls.
    public MetaReader() {}

    @Override
    public String formatName() {
        return "a directory of Meta with params.json and consolidated.*.pth";
    }

    @Override
    public boolean recognises(Path path) {
        return Files.isDirectory(path) && Files.exists(path.resolve(MetaParams.FILE));
    }

    /// @param path the directory
    @Override
    public Checkpoint read(Path path, Memory memory) {
        return MetaCheckpoint.open(path, memory);
    }
}
