package dev.excitor.loaders.tensors;

import dev.excitor.loaders.file.FileText;
import dev.excitor.loaders.json.JsonFile;
import dev.excitor.loaders.json.JsonObject;
import dev.excitor.runtime.ExcitorException.MalformedFile;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.SequencedMap;
import java.util.SequencedSet;
import java.util.function.Function;

/// The tensors of a model that lie in several files, as an index in JSON beside them tells:
///
/// ```text
/// {"weight_map": {"TENSOR": "FILE", …}, "metadata": {…}}
/// ```
///
/// Index and files must agree on every tensor. The files lie beside the index, under plain names.
public final class ShardedTensorFile implements TensorFile {

    private static final int MAX_INDEX = 64 << 20;
    private static final int MAX_FILES = 4096;

    private final Path index;
    private final TensorFile[] files;
    private final SequencedMap<String, StoredTensor> tensors;

    private ShardedTensorFile(Path index, List<TensorFile> files, SequencedMap<String, StoredTensor> tensors) {
        this.index = index;
        this.files = files.toArray(TensorFile[]::new);
        this.tensors = Collections.unmodifiableSequencedMap(tensors);
    }

    /// @param index  such as `model.safetensors.index.json`
    /// @param suffix what the files' names end in, such as `.safetensors`
    /// @param opener opens one of them
    /// @throws MalformedFile when index or files are not as they must be
    public static ShardedTensorFile open(Path index, String suffix, Function<Path, TensorFile> opener) {
        SequencedMap<String, String> places = readIndex(index, suffix);
        SequencedSet<String> names = new LinkedHashSet<>(places.values());
        if (names.size() > MAX_FILES) {
            throw new MalformedFile(
                    index, -1, "expected at most %d files, found %d".formatted(MAX_FILES, names.size()));
        }
        List<TensorFile> files = new ArrayList<>();
        try {
            SequencedMap<String, StoredTensor> tensors = new LinkedHashMap<>();
            for (String name : names) {
                TensorFile file = opener.apply(index.resolveSibling(name));
                files.add(file);
                for (StoredTensor tensor : file.tensors().values()) {
                    String expected = places.get(tensor.name());
                    if (!name.equals(expected)) {
                        throw new MalformedFile(
                                file.path(),
                                -1,
                                "tensor %s: expected %s as %s says, found here too"
                                        .formatted(
                                                FileText.quote(tensor.name()),
                                                expected == null ? "nowhere" : "in " + expected,
                                                index.getFileName()));
                    }
                    tensors.put(tensor.name(), tensor);
                }
            }
            places.forEach((tensor, file) -> {
                if (!tensors.containsKey(tensor)) {
                    throw new MalformedFile(
                            index,
                            -1,
                            "tensor %s: expected in %s, found no such tensor there"
                                    .formatted(FileText.quote(tensor), file));
                }
            });
            return new ShardedTensorFile(index, files, tensors);
        } catch (RuntimeException | Error e) {
            files.forEach(TensorFile::close);
            throw e;
        }
    }

    private static SequencedMap<String, String> readIndex(Path index, String suffix) {
        JsonObject json = JsonFile.readObject(index, MAX_INDEX);
        JsonObject map = json.findObject("weight_map")
                .orElseThrow(() -> json.malformed("weight_map", "an object", "no such field"));
        SequencedMap<String, String> places = new LinkedHashMap<>();
        for (String tensor : map.names()) {
            String file = map.string(tensor);
            if (!isPlain(file) || !file.endsWith(suffix)) {
                throw new MalformedFile(
                        index,
                        -1,
                        "tensor %s: expected the name of a file beside the index that ends in %s, found %s"
                                .formatted(FileText.quote(tensor), suffix, FileText.quote(file)));
            }
            places.put(tensor, file);
        }
        if (places.isEmpty()) {
            throw json.malformed("weight_map", "at least one tensor", "none");
        }
        return places;
    }

    /// Whether a name leads nowhere but beside the index, on any system.
    private static boolean isPlain(String name) {
        return !name.startsWith(".")
                && name.length() <= 255
                && name.chars().noneMatch(c -> c == '/' || c == '\\' || c == ':' || c < ' ' || c == 0x7f);
    }

    @Override
    public Path path() {
        return index;
    }

    /// How many files hold the tensors.
    public int fileCount() {
        return files.length;
    }

    @Override
    public SequencedMap<String, StoredTensor> tensors() {
        return tensors;
    }

    @Override
    public void checkUnchanged() {
        for (TensorFile file : files) {
            file.checkUnchanged();
        }
    }

    @Override
    public void close() {
        for (TensorFile file : files) {
            file.close();
        }
    }
}
