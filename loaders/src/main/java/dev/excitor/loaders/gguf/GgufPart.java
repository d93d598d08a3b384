package dev.excitor.loaders.gguf;

import dev.excitor.loaders.file.OpenFile;
import dev.excitor.runtime.Tensor;
import dev.excitor.runtime.checkpoint.CheckpointReader.Memory;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.List;

/// One open file of a checkpoint: its validated header and the file behind it.
final class GgufPart implements AutoCloseable {

    private final GgufHeader header;
    private final OpenFile file;

    private GgufPart(GgufHeader header, OpenFile file) {
        this.header = header;
        this.file = file;
    }

    /// Opens a file and reads its header.
    ///
    /// @throws MalformedFile when it cannot be read or is not as it must be
    static GgufPart open(Path path) {
        OpenFile file = OpenFile.open(path);
        GgufPart part = null;
        try {
            part = new GgufPart(GgufHeader.read(path, file.channel()), file);
            return part;
        } catch (IOException e) {
            throw OpenFile.unreadable(path, e);
        } finally {
            if (part == null) {
                file.close();
            }
        }
    }

    GgufHeader header() {
        return header;
    }

    /// The tensors with their data, mapped or copied.
    ///
    /// @param arena owns the memory
    List<Tensor> load(Memory memory, Arena arena) {
        List<GgufTensorInfo> infos = header.tensors();
        if (infos.isEmpty()) {
            return List.of();
        }
        long from = infos.stream().mapToLong(GgufTensorInfo::offset).min().orElseThrow();
        long to = infos.stream().mapToLong(GgufTensorInfo::end).max().orElseThrow();
        MemorySegment data = file.load(from, to, memory, arena);
        return infos.stream()
                .map(info -> new Tensor(
                        info.name(), info.format(), info.shape(), data.asSlice(info.offset() - from, info.bytes())))
                .toList();
    }

    /// @throws dev.excitor.runtime.ExcitorException.FileChanged when the file is not what it was when it was opened
    void checkUnchanged() {
        file.checkUnchanged();
    }

    @Override
    public void close() {
        file.close();
    }
}
