package dev.excitor.loaders.meta;

import dev.excitor.loaders.file.FileText;
import dev.excitor.loaders.file.OpenFile;
import dev.excitor.loaders.pytorch.TorchFile;
import dev.excitor.loaders.tensors.StoredTensor;
import dev.excitor.runtime.ExcitorException.MalformedFile;
import dev.excitor.runtime.ExcitorException.Mismatch;
import dev.excitor.runtime.ExcitorException.OutOfMemory;
import dev.excitor.runtime.HugePages;
import dev.excitor.runtime.checkpoint.CheckpointReader.Memory;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;
import java.util.stream.Stream;

/// The files `consolidated.00.pth`, `consolidated.01.pth`, … of one model, which must all be there and alike.
final class Shards implements AutoCloseable {

    private static final int MAX_FILES = 100;
    private static final int COPY_ALIGNMENT = 64;

    private final List<TorchFile> files;

    private Shards(List<TorchFile> files) {
        this.files = files;
    }

    /// @param memory how a single file is held; several are mapped until they have been put together
    static Shards open(Path folder, Memory memory) {
        List<Path> paths = paths(folder);
        var files = new ArrayList<TorchFile>();
        try {
            for (Path path : paths) {
                files.add(TorchFile.open(path, paths.size() == 1 ? memory : Memory.MAPPED));
            }
            return new Shards(files);
        } catch (RuntimeException | Error e) {
            files.forEach(TorchFile::close);
            throw e;
        }
    }

    private static List<Path> paths(Path folder) {
        long found;
        try (Stream<Path> all = Files.list(folder)) {
            found = all.filter(path -> String.valueOf(path.getFileName()).matches("consolidated\\.[0-9]{2}\\.pth"))
                    .limit(MAX_FILES)
                    .count();
        } catch (IOException e) {
            throw OpenFile.unreadable(folder, e);
        }
        if (found == 0) {
            throw new MalformedFile(folder, -1, "expected consolidated.00.pth in it, found none");
        }
        var paths = new ArrayList<Path>();
        for (int i = 0; i < found; i++) {
            Path path = folder.resolve("consolidated.%02d.pth".formatted(i));
            if (!Files.exists(path)) {
                throw new MalformedFile(
                        folder,
                        -1,
                        "expected %s, as there are %d files of its kind, found none: fetch the missing one"
                                .formatted(path.getFileName(), found));
            }
            paths.add(path);
        }
        return paths;
    }

    int count() {
        return files.size();
    }

    TorchFile first() {
        return files.getFirst();
    }

    /// All tensors, those of several files put together in native memory row by row.
    ///
    /// @param width the model's
    /// @param arena owns that memory
    SequencedMap<String, StoredTensor> merge(int width, Arena arena) {
        SequencedMap<String, StoredTensor> first = first().tensors();
        var merged = new LinkedHashMap<String, StoredTensor>();
        for (StoredTensor tensor : first.values()) {
            merged.put(tensor.name(), merge(parts(tensor), width, arena));
        }
        for (TorchFile file : files) {
            file.checkUnchanged();
        }
        return merged;
    }

    private List<StoredTensor> parts(StoredTensor first) {
        var parts = new ArrayList<StoredTensor>();
        for (TorchFile file : files) {
            StoredTensor part = file.tensors().get(first.name());
            if (part == null || file.tensors().size() != first().tensors().size()) {
                throw new MalformedFile(
                        file.path(),
                        -1,
                        "expected the tensors of %s, found %s"
                                .formatted(
                                        first().path().getFileName(),
                                        part == null
                                                ? "no " + FileText.quote(first.name())
                                                : "%d of %d"
                                                        .formatted(
                                                                file.tensors().size(),
                                                                first().tensors()
                                                                        .size())));
            }
            if (part.dtype() != first.dtype() || !part.shape().equals(first.shape())) {
                throw new Mismatch(
                        "%s: tensor %s".formatted(file.path(), first.name()),
                        "%s of %s as in %s"
                                .formatted(
                                        first.extents(),
                                        first.dtype(),
                                        first().path().getFileName()),
                        "%s of %s".formatted(part.extents(), part.dtype()));
            }
            parts.add(part);
        }
        return parts;
    }

    private StoredTensor merge(List<StoredTensor> parts, int width, Arena arena) {
        StoredTensor first = parts.getFirst();
        return switch (cut(first, width)) {
            case WHOLE -> join(parts.subList(0, 1), 0, arena);
            case ROWS -> join(parts, 0, arena);
            case COLS, EMBEDDING -> join(parts, 1, arena);
        };
    }

    private static MetaTensors.Cut cut(StoredTensor part, int width) {
        MetaTensors.Cut cut =
                MetaTensors.find(part.name()).map(MetaTensors.Name::cut).orElse(MetaTensors.Cut.WHOLE);
        if (part.shape().size() != 2) {
            return MetaTensors.Cut.WHOLE;
        }
        boolean rowsAreWhole = part.shape().getLast() == width;
        return cut == MetaTensors.Cut.EMBEDDING && rowsAreWhole ? MetaTensors.Cut.ROWS : cut;
    }

    /// Parts behind each other (dimension 0) or side by side (dimension 1).
    private StoredTensor join(List<StoredTensor> parts, int dimension, Arena arena) {
        StoredTensor first = parts.getFirst();
        var shape = new ArrayList<>(first.shape());
        if (parts.size() > 1) {
            shape.set(dimension, shape.get(dimension) * parts.size());
        }
        long partBytes = first.data().byteSize();
        MemorySegment data = allocate(partBytes * parts.size(), arena);
        long rows = dimension == 1 && partBytes > 0 ? first.shape().getFirst() : 1;
        long rowBytes = partBytes / rows;
        long to = 0;
        for (long row = 0; row < rows; row++) {
            for (StoredTensor part : parts) {
                MemorySegment.copy(part.data(), row * rowBytes, data, to, rowBytes);
                to += rowBytes;
            }
        }
        return new StoredTensor(first.name(), first.dtype(), shape, data.asReadOnly());
    }

    private MemorySegment allocate(long bytes, Arena arena) {
        try {
            return HugePages.allocate(arena, bytes, COPY_ALIGNMENT);
        } catch (OutOfMemoryError e) {
            throw new OutOfMemory(
                    "the weights of %s, whose %d files are put together in memory (-XX:MaxDirectMemorySize is the limit)"
                            .formatted(first().path().getParent(), files.size()),
                    bytes,
                    e);
        }
    }

    @Override
    public void close() {
        files.forEach(TorchFile::close);
    }
}
