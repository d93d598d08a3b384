package dev.excitor.loaders.pytorch;

import dev.excitor.loaders.file.FileText;
import dev.excitor.loaders.file.OpenFile;
import dev.excitor.loaders.pytorch.PickleValue.Storage;
import dev.excitor.loaders.pytorch.PickleValue.View;
import dev.excitor.loaders.tensors.StoredTensor;
import dev.excitor.loaders.tensors.TensorFile;
import dev.excitor.runtime.ExcitorException.MalformedFile;
import dev.excitor.runtime.ExcitorException.Unsupported;
import dev.excitor.runtime.checkpoint.CheckpointReader.Memory;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;

/// One PyTorch checkpoint, validated. Tensors that lie contiguous in their storage, as nearly all do, are used in
/// place; others, such as transposed ones, are copied into native memory.
///
/// Dicts in dicts are one flat list of tensors, each named by the way to it, joined with dots.
public final class TorchFile implements TensorFile {

    private static final int MAX_PICKLE = 32 << 20;
    private static final int MAX_BYTE_ORDER = 16;

    /// How a file of PyTorch before 1.6 begins: a pickle of the number 0x1950a86a20f9469cfc6c.
    private static final byte[] LEGACY_MAGIC = {
        (byte) 0x80,
        2,
        (byte) 0x8a,
        10,
        0x6c,
        (byte) 0xfc,
        (byte) 0x9c,
        0x46,
        (byte) 0xf9,
        0x20,
        0x6a,
        (byte) 0xa8,
        0x50,
        0x19
    };

    private final Path path;
    private final SequencedMap<String, StoredTensor> tensors;
    private final Arena arena;
    private final OpenFile file;
    private final boolean mapped;
    private volatile boolean closed;

    private TorchFile(
            Path path, SequencedMap<String, StoredTensor> tensors, Arena arena, OpenFile file, boolean mapped) {
        this.path = path;
        this.tensors = Collections.unmodifiableSequencedMap(tensors);
        this.arena = arena;
        this.file = file;
        this.mapped = mapped;
    }

    /// @throws MalformedFile when it cannot be read or is not as it must be
    /// @throws Unsupported   for what is sound and not read here: a name in the pickle that tensors do not need, a file
    ///                       of PyTorch before 1.6, big-endian numbers, encryption
    @SuppressWarnings("MustBeClosedChecker") // the result owns the arena and closes it
    public static TorchFile open(Path path, Memory memory) {
        OpenFile file = OpenFile.open(path);
        Arena arena = Arena.ofShared();
        TorchFile opened = null;
        try {
            checkStart(file);
            Entries entries = Entries.open(file, memory, arena);
            checkByteOrder(path, entries);
            var pickle = new PickleCursor(path, entries.pickleName(), entries.read("data.pkl", MAX_PICKLE));
            SequencedMap<String, View> views = TensorTree.tensors(path, Unpickler.load(pickle));
            var tensors = new Tensors(file, entries, arena).load(views);
            file.checkUnchanged();
            opened = new TorchFile(path, tensors, arena, file, entries.isMapped());
            return opened;
        } catch (IOException e) {
            throw OpenFile.unreadable(path, e);
        } finally {
            if (opened == null) {
                arena.close();
            }
            if (opened == null || !opened.mapped) {
                file.close();
            }
        }
    }

    private static void checkStart(OpenFile file) throws IOException {
        ByteBuffer start = ByteBuffer.allocate(LEGACY_MAGIC.length);
        file.channel().read(start, 0);
        if (start.position() == 0) {
            throw new MalformedFile(file.path(), 0, "expected a PyTorch checkpoint, found an empty file");
        }
        if (Arrays.equals(start.array(), LEGACY_MAGIC)) {
            throw new Unsupported(
                    "%s: the format of PyTorch before 1.6 (load it there and save it with torch.save of a later version)"
                            .formatted(file.path()),
                    List.of("zip archives"));
        }
    }

    private static void checkByteOrder(Path path, Entries entries) throws IOException {
        if (entries.has("byteorder")) {
            String order = new String(entries.read("byteorder", MAX_BYTE_ORDER), StandardCharsets.UTF_8);
            if (!order.equals("little")) {
                throw new Unsupported(
                        "%s: the byte order %s".formatted(path, FileText.quote(order)), List.of("little"));
            }
        }
    }

    /// Makes tensors of views.
    private static final class Tensors {
        private final OpenFile file;
        private final Entries entries;
        private final Arena arena;

        /// How many more bytes may be copied: as many as the file has, so that many views of one storage cannot become
        /// more memory than their sender paid for.
        private long copies;

        Tensors(OpenFile file, Entries entries, Arena arena) throws IOException {
            this.file = file;
            this.entries = entries;
            this.arena = arena;
            this.copies = file.channel().size();
        }

        SequencedMap<String, StoredTensor> load(SequencedMap<String, View> views) throws IOException {
            var tensors = new LinkedHashMap<String, StoredTensor>();
            for (var named : views.entrySet()) {
                tensors.put(named.getKey(), tensor(named.getKey(), named.getValue()));
            }
            return tensors;
        }

        private StoredTensor tensor(String name, View view) throws IOException {
            Storage storage = view.storage();
            MemorySegment whole = entries.storage(storage);
            int width = storage.dtype().bytes();
            long elements = Contiguous.elements(view, storage.count());
            if (elements > storage.count()) {
                throw new MalformedFile(
                        file.path(),
                        -1,
                        "tensor %s: expected at most the %d elements of its storage, found extents %s with strides %s"
                                .formatted(FileText.quote(name), storage.count(), view.sizes(), view.strides()));
            }
            long bytes = elements * width;
            if (bytes == 0) {
                return new StoredTensor(name, storage.dtype(), view.sizes(), MemorySegment.NULL);
            }
            MemorySegment inPlace = whole.asSlice(view.offset() * width);
            boolean aligned = inPlace.address() % width == 0;
            if (aligned && Contiguous.isContiguous(view)) {
                return new StoredTensor(name, storage.dtype(), view.sizes(), inPlace.asSlice(0, bytes));
            }
            if (bytes > copies) {
                throw new MalformedFile(
                        file.path(),
                        -1,
                        "tensor %s: expected copies of no more bytes than the file has, found %d more"
                                .formatted(FileText.quote(name), bytes - copies));
            }
            copies -= bytes;
            MemorySegment copy = file.allocate(bytes, arena);
            Contiguous.copy(view, whole, copy);
            return new StoredTensor(name, storage.dtype(), view.sizes(), copy.asReadOnly());
        }
    }

    @Override
    public Path path() {
        return path;
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
            throw new IllegalStateException(path + " is closed");
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
