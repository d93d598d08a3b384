package dev.excitor.loaders.gguf;

import dev.excitor.runtime.ExcitorException.MalformedFile;
import dev.excitor.runtime.Tensor;
import dev.excitor.runtime.checkpoint.Checkpoint;
import dev.excitor.runtime.checkpoint.CheckpointReader.Memory;
import dev.excitor.runtime.checkpoint.Metadata;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.Collections;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;
import java.util.SequencedCollection;
import java.util.SequencedMap;
import java.util.Set;

/// The validated parts of a GGUF checkpoint as one, with the memory of their tensors.
final class GgufCheckpoint implements Checkpoint {

    private final GgufHeader header;
    private final String description;
    private final SequencedMap<String, Tensor> tensors;
    private final Set<String> stacked;
    private final Arena arena;

    /// The parts that are mapped and must be watched.
    private final GgufPart[] mapped;

    private volatile boolean closed;

    private GgufCheckpoint(
            GgufHeader header,
            String description,
            SequencedMap<String, Tensor> tensors,
            Set<String> stacked,
            Arena arena,
            GgufPart[] mapped) {
        this.header = header;
        this.description = description;
        this.tensors = Collections.unmodifiableSequencedMap(tensors);
        this.stacked = Set.copyOf(stacked);
        this.arena = arena;
        this.mapped = mapped;
    }

    /// Opens a file with its siblings, if it is a part of a split.
    @SuppressWarnings("MustBeClosedChecker") // the checkpoint owns the arena and closes it
    static GgufCheckpoint open(Path path, Memory memory) {
        List<GgufPart> parts = GgufSplits.open(path);
        Arena arena = Arena.ofShared();
        try {
            var tensors = new LinkedHashMap<String, Tensor>();
            var stacked = new HashSet<String>();
            for (GgufPart part : parts) {
                part.load(memory, arena).forEach(tensor -> tensors.put(tensor.name(), tensor));
                part.header().tensors().stream()
                        .filter(GgufTensorInfo::stacked)
                        .forEach(tensor -> stacked.add(tensor.name()));
                part.checkUnchanged();
            }
            boolean keepsFiles = memory == Memory.MAPPED && !tensors.isEmpty();
            if (!keepsFiles) {
                parts.forEach(GgufPart::close);
            }
            return new GgufCheckpoint(
                    parts.getFirst().header(),
                    describe(parts, memory, tensors.isEmpty()),
                    tensors,
                    stacked,
                    arena,
                    keepsFiles ? parts.toArray(GgufPart[]::new) : new GgufPart[0]);
        } catch (RuntimeException | Error e) {
            arena.close();
            parts.forEach(GgufPart::close);
            throw e;
        }
    }

    private static String describe(List<GgufPart> parts, Memory memory, boolean noTensors) {
        String files = parts.size() == 1 ? "" : ", " + parts.size() + " files";
        String weights = noTensors
                ? "no tensors"
                : switch (memory) {
                    case MAPPED -> "mapped";
                    case COPIED -> "read into memory";
                };
        return "GGUF v" + parts.getFirst().header().version() + files + ", " + weights;
    }

    @Override
    public Path path() {
        return header.path();
    }

    @Override
    public String description() {
        return description;
    }

    @Override
    public Metadata metadata() {
        return header.metadata();
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
    public Set<String> stacked() {
        return stacked;
    }

    @Override
    public void checkUnchanged() {
        requireOpen();
        for (GgufPart part : mapped) {
            checkUnchanged(part);
        }
    }

    private void checkUnchanged(GgufPart part) {
        try {
            part.checkUnchanged();
        } catch (MalformedFile e) {
            requireOpen(); // it was closed meanwhile: then that is the reason
            throw e;
        }
    }

    private void requireOpen() {
        if (closed) {
            throw new IllegalStateException(path() + " is closed");
        }
    }

    /// Ends the life of the tensors: whoever still uses one gets an IllegalStateException. The metadata stays readable.
    @Override
    public synchronized void close() {
        if (!closed) {
            arena.close();
            closed = true;
            for (GgufPart part : mapped) {
                part.close();
            }
        }
    }
}
