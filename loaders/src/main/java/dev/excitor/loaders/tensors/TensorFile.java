package dev.excitor.loaders.tensors;

import java.nio.file.Path;
import java.util.SequencedMap;

/// A file of named tensors that says nothing of the model they belong to: safetensors, a PyTorch checkpoint. Validated
/// before it exists; owns the memory behind its tensors.
public interface TensorFile extends AutoCloseable {

    /// The file that was opened.
    Path path();

    /// All tensors by name, in file order.
    SequencedMap<String, StoredTensor> tensors();

    /// Throws [dev.excitor.runtime.ExcitorException.FileChanged] when the file is mapped and no longer what it was when
    /// it was opened; does nothing for one that was copied. Cheap enough to call before every forward pass.
    void checkUnchanged();

    /// Ends the life of the tensors. Closing twice is fine.
    @Override
    void close();
}
