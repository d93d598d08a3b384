package dev.excitor.model.tokenizer;

import dev.excitor.loaders.gguf.GgufWriter;
import dev.excitor.runtime.checkpoint.Checkpoint;
import dev.excitor.runtime.checkpoint.CheckpointReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Assumptions;

/// Where tests get their tokenizers from: files with real vocabularies in the shared folder, and small files made
/// here.
final class Vocabularies {
    private Vocabularies() {}

    /// A file of `shared/tokenizers`. The test that asks is skipped, saying so, where the folder is not there.
    static Path shared(String name) {
        String given = System.getProperty("excitor.shared");
        Path folder = given != null ? Path.of(given) : findShared();
        Path file = folder.resolve("tokenizers").resolve(name);
        Assumptions.assumeTrue(
                Files.isReadable(file), () -> "skipped: " + file + " is not there; set -Dexcitor.shared=FOLDER");
        return file;
    }

    private static Path findShared() {
        Path here = Path.of(System.getProperty("user.dir")).toAbsolutePath();
        for (Path folder = here; folder != null; folder = folder.getParent()) {
            if (Files.isDirectory(folder.resolve("shared"))) {
                return folder.resolve("shared");
            }
        }
        return here.resolve("shared");
    }

    static Tokenizer open(Path file) {
        try (Checkpoint checkpoint = CheckpointReader.open(file, CheckpointReader.Memory.COPIED)) {
            return Tokenizer.of(checkpoint.metadata());
        }
    }

    /// The real vocabulary of LLaMA 1 and 2.
    static Tokenizer llamaSpm() {
        return open(shared("ggml-vocab-llama-spm.gguf"));
    }

    /// The real vocabulary of Llama 3.
    static Tokenizer llamaBpe() {
        return open(shared("ggml-vocab-llama-bpe.gguf"));
    }

    /// Writes the file, opens it and makes its tokenizer.
    static Tokenizer make(GgufWriter writer) {
        try {
            return open(writer.write().getFirst());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
