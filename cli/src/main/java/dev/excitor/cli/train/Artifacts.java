package dev.excitor.cli.train;

import dev.excitor.runtime.ExcitorException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/// The files of a training, all beside the adapter.
///
/// @param adapter    what comes out
/// @param checkpoint where it stands, while it runs
/// @param metrics    one JSON object for each update and measurement
/// @param lossChart  of them
/// @param gateChart  gates and attention moved, by layer
public record Artifacts(Path adapter, Path checkpoint, Path metrics, Path lossChart, Path gateChart) {

    /// @param adapter `OUT.gguf`, or any name
    public static Artifacts of(Path adapter) {
        String name = String.valueOf(adapter.getFileName());
        String stem = name.endsWith(".gguf") ? name.substring(0, name.length() - ".gguf".length()) : name;
        return new Artifacts(
                adapter,
                adapter.resolveSibling(stem + ".checkpoint.gguf"),
                adapter.resolveSibling(stem + ".metrics.jsonl"),
                adapter.resolveSibling(stem + ".loss.png"),
                adapter.resolveSibling(stem + ".report.png"));
    }

    /// Refuses a beginning that would overwrite something, or that could not end.
    ///
    /// @param replace whether files may be replaced
    /// @param resume  whether there must be a checkpoint
    public void check(boolean replace, boolean resume) {
        Path folder = adapter.toAbsolutePath().getParent();
        if (folder == null || !Files.isDirectory(folder) || !Files.isWritable(folder)) {
            throw new ExcitorException.InvalidOption("-o", "a file in a folder that can be written", adapter);
        }
        if (Files.isDirectory(adapter)) {
            throw new ExcitorException.InvalidOption("-o", "a file", "the folder " + adapter);
        }
        if (resume && !Files.exists(checkpoint)) {
            throw new ExcitorException.InvalidOption(
                    "--resume", "given where a checkpoint is", "without one: there is no " + checkpoint);
        }
        for (Path file : List.of(adapter, checkpoint, metrics)) {
            if (!replace && Files.exists(file)) {
                throw new ExcitorException.InvalidOption(
                        "-o",
                        "a name without files of an earlier training (--resume goes on with it, --force replaces it)",
                        "taken by " + file);
            }
        }
    }
}
