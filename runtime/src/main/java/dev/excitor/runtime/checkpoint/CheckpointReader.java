package dev.excitor.runtime.checkpoint;

import dev.excitor.runtime.ExcitorException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.ServiceLoader;
import java.util.stream.StreamSupport;

/// Reads one file format. Found by [ServiceLoader]: a new format is a provider in a module of its own and never touches
/// the model. Register it in `module-info` (`provides`) and in `META-INF/services` (for the class path).
public interface CheckpointReader {
    /// The format's name for people, such as "GGUF".
    String formatName();

    /// Whether the path looks like this format. Reads a few bytes at most and never throws for a readable path.
    boolean recognises(Path path);

    /// Opens and validates everything.
    ///
    /// @param memory whether tensors are mapped in place or read into native memory
    /// @throws ExcitorException.MalformedFile when anything in the file is not as it must be
    Checkpoint read(Path path, Memory memory);

    /// Where the weights live.
    enum Memory {
        /// Mapped read-only from the file: instant, shared between processes, paged by the system.
        MAPPED,
        /// Copied into native memory: slower to open, immune to changes of the file.
        COPIED
    }

    /// Opens a file with the first reader that recognises it.
    static Checkpoint open(Path path, Memory memory) {
        if (!Files.isReadable(path)) {
            throw new ExcitorException.MalformedFile(
                    path,
                    -1,
                    Files.exists(path) ? "the file cannot be read; check its permissions" : "there is no such file");
        }
        List<CheckpointReader> readers = StreamSupport.stream(
                        ServiceLoader.load(CheckpointReader.class).spliterator(), false)
                .toList();
        return readers.stream()
                .filter(reader -> reader.recognises(path))
                .findFirst()
                .orElseThrow(() -> new ExcitorException.Unsupported(
                        path + ": its format",
                        readers.stream().map(CheckpointReader::formatName).toList()))
                .read(path, memory);
    }
}
