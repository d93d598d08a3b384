package dev.excitor.loaders.huggingface;

import dev.excitor.loaders.pytorch.TorchFile;
import dev.excitor.loaders.safetensors.SafetensorsFile;
import dev.excitor.loaders.tensors.ShardedTensorFile;
import dev.excitor.loaders.tensors.TensorFile;
import dev.excitor.runtime.ExcitorException.MalformedFile;
import dev.excitor.runtime.checkpoint.CheckpointReader.Memory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.BiFunction;

/// How a directory may hold its weights: in one file, or in several with an index beside them.
///
/// @param title  for people
/// @param whole  the name of the one file
/// @param suffix what the names of several end in
/// @param opener opens one of them
record WeightFiles(String title, String whole, String suffix, BiFunction<Path, Memory, TensorFile> opener) {

    /// The first that is there is taken: directories that have both hold the same weights twice.
    private static final List<WeightFiles> KINDS = List.of(
            new WeightFiles("safetensors", "model.safetensors", ".safetensors", SafetensorsFile::open),
            new WeightFiles("PyTorch", "pytorch_model.bin", ".bin", TorchFile::open));

    /// The opened weights and a few words on where they lie.
    record Opened(TensorFile file, String description) {}

    /// @throws MalformedFile when there are none, or they are not as they must be
    static Opened open(Path folder, Memory memory) {
        for (WeightFiles kind : KINDS) {
            Path file = folder.resolve(kind.whole);
            if (Files.exists(file)) {
                return new Opened(kind.opener.apply(file, memory), kind.title);
            }
            Path index = folder.resolve(kind.index());
            if (Files.exists(index)) {
                var shards = ShardedTensorFile.open(index, kind.suffix, shard -> kind.opener.apply(shard, memory));
                return new Opened(shards, "%s, %d files".formatted(kind.title, shards.fileCount()));
            }
        }
        List<String> names =
                KINDS.stream().map(kind -> kind.whole + " or " + kind.index()).toList();
        throw new MalformedFile(folder, -1, "expected %s in it, found none".formatted(String.join(", ", names)));
    }

    private String index() {
        return whole + ".index.json";
    }
}
