package dev.excitor.runtime.checkpoint;

import dev.excitor.runtime.Tensor;
import java.nio.file.Path;
import java.util.Optional;
import java.util.SequencedCollection;
import java.util.Set;

/// A validated file of typed metadata and named tensors: what every loader makes and every architecture reads.
///
/// Owns the memory behind its tensors: using one after [#close] throws IllegalStateException, and closing twice is
/// fine.
public interface Checkpoint extends AutoCloseable {
    /// The file that was opened (the first one of a split checkpoint).
    Path path();

    /// For people: "GGUF v3, 2 files, mapped".
    String description();

    Metadata metadata();

    /// All tensors, in file order.
    SequencedCollection<Tensor> tensors();

    Optional<Tensor> find(String name);

    /// Names of the tensors that have more than two dimensions in the file, such as the experts of a mixture in one.
    /// Their shapes count all but the innermost as rows, so that the file's shape is not known from them.
    default Set<String> stacked() {
        return Set.of();
    }

    /// Throws [dev.excitor.runtime.ExcitorException.FileChanged] when a mapped file is no longer the file that was
    /// opened: another size or another file under its name. Cheap enough to call before every forward pass, allocates
    /// nothing that outlives it, and does nothing for weights held in memory.
    ///
    /// A mapped page that vanishes under a compiled vector load kills the JVM, hence this check; the window between the
    /// check and the end of one pass remains, and reading the weights into memory closes it.
    void checkUnchanged();

    @Override
    void close();
}
