package dev.excitor.loaders.meta;

import dev.excitor.loaders.file.FileText;
import dev.excitor.loaders.gguf.GgufMetadataBuilder;
import dev.excitor.loaders.tensors.Dtype;
import dev.excitor.loaders.tensors.StoredTensor;
import dev.excitor.runtime.ExcitorException.MalformedFile;
import dev.excitor.runtime.ExcitorException.Unsupported;
import dev.excitor.runtime.Shape;
import dev.excitor.runtime.Tensor;
import dev.excitor.runtime.checkpoint.Checkpoint;
import dev.excitor.runtime.checkpoint.CheckpointReader.Memory;
import dev.excitor.runtime.checkpoint.Metadata;
import dev.excitor.runtime.format.Format;
import dev.excitor.runtime.format.Formats;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedCollection;
import java.util.SequencedMap;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// Meta's directory as one checkpoint: settings and vocabulary under GGUF's keys, tensors under GGUF's names.
final class MetaCheckpoint implements Checkpoint {

    private final Path folder;
    private final String description;
    private final Metadata metadata;
    private final SequencedMap<String, Tensor> tensors;
    private final Set<String> stacked;

    /// Owns what does not lie in the file: vectors as F32, and all tensors of several files.
    private final Arena arena;

    /// The one file that is used in place.
    private final @Nullable Shards shards;

    private volatile boolean closed;

    private MetaCheckpoint(
            Path folder,
            String description,
            Metadata metadata,
            SequencedMap<String, Tensor> tensors,
            Set<String> stacked,
            Arena arena,
            @Nullable Shards shards) {
        this.folder = folder;
        this.description = description;
        this.metadata = metadata;
        this.tensors = Collections.unmodifiableSequencedMap(tensors);
        this.stacked = stacked;
        this.arena = arena;
        this.shards = shards;
    }

    /// @throws MalformedFile when a file is missing or not as it must be
    /// @throws Unsupported   for a setting, a type of weights or a vocabulary that is not known, by name
    @SuppressWarnings("MustBeClosedChecker") // the checkpoint owns the arena and closes it
    static MetaCheckpoint open(Path folder, Memory memory) {
        MetaParams params = MetaParams.read(folder);
        MetaVocabulary vocabulary = MetaVocabulary.read(folder, params.isScaled());
        Shards shards = Shards.open(folder, memory);
        Arena arena = Arena.ofShared();
        MetaCheckpoint opened = null;
        try {
            boolean inPlace = shards.count() == 1;
            SequencedMap<String, StoredTensor> stored =
                    inPlace ? shards.first().tensors() : shards.merge(params.width(), arena);
            SequencedMap<String, Tensor> tensors = tensors(folder, stored, arena);
            float[] factors = params.ropeFactors();
            if (factors.length > 0) {
                tensors.put("rope_freqs.weight", f32("rope_freqs.weight", factors, arena));
            }
            checkVocabulary(folder, tensors, vocabulary.size());
            var metadata = new GgufMetadataBuilder();
            params.addTo(metadata, vocabulary.size(), feedForward(folder, tensors));
            vocabulary.addTo(metadata);
            opened = new MetaCheckpoint(
                    folder,
                    "Meta, " + weights(shards.count(), memory),
                    metadata.build(folder),
                    tensors,
                    stacked(stored),
                    arena,
                    inPlace ? shards : null);
            return opened;
        } finally {
            if (opened == null) {
                arena.close();
            }
            if (opened == null || opened.shards == null) {
                shards.close();
            }
        }
    }

    private static String weights(int files, Memory memory) {
        if (files > 1) {
            return files + " files put together in memory";
        }
        return switch (memory) {
            case MAPPED -> "mapped";
            case COPIED -> "read into memory";
        };
    }

    private static SequencedMap<String, Tensor> tensors(
            Path folder, SequencedMap<String, StoredTensor> stored, Arena arena) {
        var tensors = new LinkedHashMap<String, Tensor>();
        for (StoredTensor tensor : stored.values()) {
            Optional<MetaTensors.Name> name = MetaTensors.find(tensor.name());
            boolean isRead = name.isPresent() || tensor.dtype().format().isPresent();
            if (isRead && !tensor.name().equals(MetaTensors.UNREAD)) {
                String gguf = name.map(MetaTensors.Name::gguf).orElse(tensor.name());
                if (tensors.putIfAbsent(gguf, tensor(folder, tensor, gguf, arena)) != null) {
                    throw new MalformedFile(
                            folder,
                            -1,
                            "tensor %s: expected one, found another under a name of GGUF"
                                    .formatted(FileText.quote(gguf)));
                }
            }
        }
        return tensors;
    }

    private static Set<String> stacked(SequencedMap<String, StoredTensor> stored) {
        return stored.values().stream()
                .filter(StoredTensor::isStacked)
                .map(StoredTensor::name)
                .map(name -> MetaTensors.find(name).map(MetaTensors.Name::gguf).orElse(name))
                .collect(Collectors.toUnmodifiableSet());
    }

    private static Tensor tensor(Path folder, StoredTensor stored, String name, Arena arena) {
        String what = "%s: tensor %s".formatted(folder, FileText.quote(stored.name()));
        if (stored.dtype().format().isEmpty()) {
            throw new Unsupported("%s: its type %s".formatted(what, stored.dtype()), Dtype.matrixTypes());
        }
        if (stored.data().byteSize() == 0) {
            throw new MalformedFile(
                    folder,
                    -1,
                    "tensor %s: expected numbers, found none in %s"
                            .formatted(FileText.quote(stored.name()), stored.extents()));
        }
        Tensor tensor = stored.asMatrix(name);
        return stored.shape().size() < 2 ? asF32(tensor, arena) : tensor;
    }

    private static Tensor asF32(Tensor vector, Arena arena) {
        if (vector.format().equals(Formats.of("F32"))) {
            return vector;
        }
        float[] numbers = new float[vector.shape().cols()];
        vector.format().decode(vector.data(), 0, numbers, 0, numbers.length);
        return f32(vector.name(), numbers, arena);
    }

    private static Tensor f32(String name, float[] numbers, Arena arena) {
        Format format = Formats.of("F32");
        MemorySegment data = arena.allocate(4L * numbers.length, 64);
        format.encode(numbers, 0, numbers.length, data, 0);
        return new Tensor(name, format, Shape.vector(numbers.length), data.asReadOnly());
    }

    private static void checkVocabulary(Path folder, Map<String, Tensor> tensors, int size) {
        Tensor embedding = require(folder, tensors, "token_embd.weight", "tok_embeddings.weight");
        if (embedding.shape().rows() != size) {
            throw new MalformedFile(
                    folder,
                    -1,
                    "tensor tok_embeddings.weight: expected a row for each of the %d tokens of tokenizer.model, found %s"
                            .formatted(size, embedding.shape()));
        }
    }

    private static int feedForward(Path folder, Map<String, Tensor> tensors) {
        return require(folder, tensors, "blk.0.ffn_gate.weight", "layers.0.feed_forward.w1.weight")
                .shape()
                .rows();
    }

    private static Tensor require(Path folder, Map<String, Tensor> tensors, String gguf, String meta) {
        Tensor tensor = tensors.get(gguf);
        if (tensor == null) {
            throw new MalformedFile(folder, -1, "tensor %s: expected one, found none".formatted(meta));
        }
        return tensor;
    }

    @Override
    public Path path() {
        return folder;
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
    public Set<String> stacked() {
        return stacked;
    }

    @Override
    public void checkUnchanged() {
        if (closed) {
            throw new IllegalStateException(folder + " is closed");
        }
        if (shards != null) {
            shards.first().checkUnchanged();
        }
    }

    @Override
    public synchronized void close() {
        if (!closed) {
            closed = true;
            arena.close();
            if (shards != null) {
                shards.close();
            }
        }
    }
}
