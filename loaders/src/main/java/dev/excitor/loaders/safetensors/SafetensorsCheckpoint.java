package dev.excitor.loaders.safetensors;

import dev.excitor.loaders.file.FileText;
import dev.excitor.loaders.tensors.Dtype;
import dev.excitor.loaders.tensors.StoredTensor;
import dev.excitor.runtime.ExcitorException.MalformedFile;
import dev.excitor.runtime.ExcitorException.Unsupported;
import dev.excitor.runtime.Tensor;
import dev.excitor.runtime.checkpoint.Checkpoint;
import dev.excitor.runtime.checkpoint.CheckpointReader.Memory;
import dev.excitor.runtime.checkpoint.Metadata;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Optional;
import java.util.SequencedCollection;
import java.util.SequencedMap;

/// One safetensors file as a checkpoint, its texts being the metadata.
final class SafetensorsCheckpoint implements Checkpoint {

    private final SafetensorsFile file;
    private final Metadata metadata;
    private final String description;
    private final SequencedMap<String, Tensor> tensors;

    /// @param file closed with this
    SafetensorsCheckpoint(SafetensorsFile file, Memory memory) {
        this.file = file;
        this.metadata = new TextMetadata(file.path(), file.metadata());
        this.description = switch (memory) {
            case MAPPED -> "safetensors, mapped";
            case COPIED -> "safetensors, read into memory";
        };
        SequencedMap<String, Tensor> matrices = new LinkedHashMap<>();
        file.tensors().values().forEach(stored -> matrices.put(stored.name(), matrix(stored)));
        this.tensors = Collections.unmodifiableSequencedMap(matrices);
    }

    private Tensor matrix(StoredTensor stored) {
        if (stored.dtype().format().isEmpty()) {
            throw new Unsupported(
                    "%s: tensor %s: its type %s".formatted(file.path(), FileText.quote(stored.name()), stored.dtype()),
                    Dtype.matrixTypes());
        }
        if (stored.data().byteSize() == 0) {
            throw new MalformedFile(
                    file.path(),
                    -1,
                    "tensor %s: expected numbers, found none in %s"
                            .formatted(FileText.quote(stored.name()), stored.extents()));
        }
        return stored.asMatrix(stored.name());
    }

    @Override
    public Path path() {
        return file.path();
    }

    @Override
    public String description() {
        return description;
    }

    @Override
    public Metadata metadata() {
        return metadata;
    }

    @Override
    public SequencedCollection<Tensor> tensors() {
        return tensors.sequencedValues();
    }

    @Override
    public Optional<Tensor> find(String name) {
        return Optional.ofNullable(tensors.get(name));
    }

    @Override
    public void checkUnchanged() {
        file.checkUnchanged();
    }

    @Override
    public void close() {
        file.close();
    }
}
