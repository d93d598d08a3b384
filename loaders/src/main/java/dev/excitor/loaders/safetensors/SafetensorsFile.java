package dev.excitor.loaders.safetensors;

import dev.excitor.loaders.file.OpenFile;
import dev.excitor.loaders.tensors.StoredTensor;
import dev.excitor.loaders.tensors.TensorFile;
import dev.excitor.runtime.ExcitorException.MalformedFile;
import dev.excitor.runtime.checkpoint.CheckpointReader.Memory;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.SequencedMap;

/// One safetensors file, validated, with its tensors mapped in place or copied into memory.
public final class SafetensorsFile implements TensorFile {

    private final SafetensorsHeader header;
    private final SequencedMap<String, StoredTensor> tensors;
    private final Arena arena;
    private final OpenFile file;
    private final boolean mapped;
    private volatile boolean closed;

    private SafetensorsFile(
            SafetensorsHeader header,
            SequencedMap<String, StoredTensor> tensors,
            Arena arena,
            OpenFile file,
            boolean mapped) {
        this.header = header;
        this.tensors = Collections.unmodifiableSequencedMap(tensors);
        this.arena = arena;
        this.file = file;
        this.mapped = mapped;
    }

    /// @throws dev.excitor.runtime.ExcitorException.MalformedFile when it cannot be read or is not as it must be
    /// @throws dev.excitor.runtime.ExcitorException.Unsupported   for a type of element that is not known
    @SuppressWarnings("MustBeClosedChecker") // the result owns the arena and closes it
    public static SafetensorsFile open(Path path, Memory memory) {
        OpenFile file = OpenFile.open(path);
        Arena arena = Arena.ofShared();
        try {
            SafetensorsHeader header = SafetensorsHeader.read(path, file.channel());
            long bytes = header.dataEnd() - header.dataAt();
            MemorySegment data =
                    bytes == 0 ? MemorySegment.NULL : file.load(header.dataAt(), header.dataEnd(), memory, arena);
            var tensors = new LinkedHashMap<String, StoredTensor>();
            for (SafetensorsHeader.Entry entry : header.tensors()) {
                MemorySegment mine = data.asSlice(entry.from(), entry.to() - entry.from());
                tensors.put(entry.name(), new StoredTensor(entry.name(), entry.dtype(), entry.shape(), mine));
            }
            file.checkUnchanged();
            boolean mapped = memory == Memory.MAPPED && bytes > 0;
            if (!mapped) {
                file.close();
            }
            return new SafetensorsFile(header, tensors, arena, file, mapped);
        } catch (IOException e) {
            closeBoth(arena, file);
            throw OpenFile.unreadable(path, e);
        } catch (RuntimeException | Error e) {
            closeBoth(arena, file);
            throw e;
        }
    }

    private static void closeBoth(Arena arena, OpenFile file) {
        arena.close();
        file.close();
    }

    @Override
    public Path path() {
        return header.path();
    }

    /// The texts of `__metadata__`, in file order.
    public SequencedMap<String, String> metadata() {
        return header.metadata();
    }

    @Override
    public SequencedMap<String, StoredTensor> tensors() {
        return tensors;
    }

    @Override
    public void checkUnchanged() {
        requireOpen();
        if (mapped) {
            try {
                file.checkUnchanged();
            } catch (MalformedFile e) {
                requireOpen(); // it was closed meanwhile: then that is the reason
                throw e;
            }
        }
    }

    private void requireOpen() {
        if (closed) {
            throw new IllegalStateException(path() + " is closed");
        }
    }

    @Override
    public synchronized void close() {
        if (!closed) {
            arena.close();
            closed = true;
            file.close();
        }
    }
}
