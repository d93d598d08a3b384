package dev.excitor.loaders.huggingface;

import dev.excitor.loaders.file.FileText;
import dev.excitor.loaders.gguf.GgufMetadataBuilder;
import dev.excitor.loaders.json.JsonFile;
import dev.excitor.loaders.json.JsonObject;
import dev.excitor.loaders.sentencepiece.Piece;
import dev.excitor.loaders.sentencepiece.SentencePieceModel;
import dev.excitor.loaders.tensors.Dtype;
import dev.excitor.loaders.tensors.StoredTensor;
import dev.excitor.loaders.tensors.TensorFile;
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
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedCollection;
import java.util.SequencedMap;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/// A model directory as one checkpoint: its settings and vocabulary under GGUF's keys, its tensors under GGUF's names.
final class HuggingFaceCheckpoint implements Checkpoint {

    private static final int MAX_CONFIG = 16 << 20;
    private static final String FREQUENCIES = "rope_freqs.weight";
    private static final Pattern MATRIX =
            Pattern.compile("(blk\\.[0-9]+\\.(attn_q|attn_k|attn_v|attn_output|ffn_gate|ffn_up|ffn_down))\\.weight");

    private final Path folder;
    private final String description;
    private final Metadata metadata;
    private final TensorFile file;
    private final SequencedMap<String, Tensor> tensors;
    private final Set<String> stacked;

    /// Owns what does not lie in the files: vectors as F32.
    private final Arena arena;

    private boolean closed;

    private HuggingFaceCheckpoint(
            Path folder,
            String description,
            Metadata metadata,
            TensorFile file,
            SequencedMap<String, Tensor> tensors,
            Arena arena) {
        this.folder = folder;
        this.description = description;
        this.metadata = metadata;
        this.file = file;
        this.tensors = Collections.unmodifiableSequencedMap(tensors);
        this.stacked = file.tensors().values().stream()
                .filter(StoredTensor::isStacked)
                .map(StoredTensor::name)
                .map(name -> TensorNames.find(name).orElse(name))
                .filter(tensors::containsKey)
                .collect(Collectors.toUnmodifiableSet());
        this.arena = arena;
    }

    /// @throws MalformedFile when a file is missing or not as it must be
    /// @throws Unsupported   for another family, a type of weights or a vocabulary that is not known, by name
    @SuppressWarnings("MustBeClosedChecker") // the checkpoint owns the arena and closes it
    static HuggingFaceCheckpoint open(Path folder, Memory memory) {
        JsonObject config = JsonFile.readObject(folder.resolve(HuggingFaceReader.CONFIG), MAX_CONFIG);
        LlamaSettings settings = new LlamaSettings(config);
        var metadata = new GgufMetadataBuilder();
        settings.addTo(metadata);
        addVocabulary(folder, config, settings.vocabulary(), metadata);
        WeightFiles.Opened weights = WeightFiles.open(folder, memory);
        TensorFile file = weights.file();
        Arena arena = Arena.ofShared();
        try {
            SequencedMap<String, Tensor> tensors = new Tensors(folder, settings, arena).of(file);
            String held = switch (memory) {
                case MAPPED -> "mapped";
                case COPIED -> "read into memory";
            };
            return new HuggingFaceCheckpoint(
                    folder,
                    "Hugging Face, %s, %s".formatted(weights.description(), held),
                    metadata.build(folder),
                    file,
                    tensors,
                    arena);
        } catch (RuntimeException | Error e) {
            arena.close();
            file.close();
            throw e;
        }
    }

    private static void addVocabulary(Path folder, JsonObject config, int size, GgufMetadataBuilder metadata) {
        Path json = folder.resolve("tokenizer.json");
        if (Files.exists(json)) {
            TokenizerJson tokenizer = TokenizerJson.read(json, size);
            VocabularyKeys.add(tokenizer, metadata);
            new TokenizerSettings(folder, config, size, tokenizer::id).addTo(metadata, Surroundings.of(tokenizer));
            return;
        }
        Path model = folder.resolve("tokenizer.model");
        if (!Files.exists(model)) {
            throw new MalformedFile(folder, -1, "expected a tokenizer.json or a tokenizer.model in it, found neither");
        }
        SentencePieceModel vocabulary = SentencePieceModel.read(model);
        if (vocabulary.pieces().size() != size) {
            throw config.malformed(
                    "vocab_size", vocabulary.pieces().size() + ", the pieces of tokenizer.model", "" + size);
        }
        vocabulary.addTo(metadata);
        Map<String, Integer> ids = new HashMap<>();
        for (Piece piece : vocabulary.pieces()) {
            ids.put(piece.text(), ids.size());
        }
        new TokenizerSettings(folder, config, size, token -> Optional.ofNullable(ids.get(token)))
                .addTemplates(metadata);
    }

    /// Makes the model's tensors of those in the files.
    private record Tensors(Path folder, LlamaSettings settings, Arena arena) {

        SequencedMap<String, Tensor> of(TensorFile file) {
            SequencedMap<String, Tensor> tensors = new LinkedHashMap<>();
            for (StoredTensor stored : file.tensors().values()) {
                Optional<String> known = TensorNames.find(stored.name());
                boolean unused = TensorNames.isUnread(stored.name())
                        || (known.isEmpty() && stored.dtype().format().isEmpty());
                if (!unused && !(settings.tied() && known.equals(Optional.of("output.weight")))) {
                    Tensor tensor = tensor(stored, known.orElse(stored.name()));
                    if (tensors.putIfAbsent(tensor.name(), tensor) != null) {
                        throw malformed("tensor %s: expected one, found another under a name of GGUF"
                                .formatted(FileText.quote(tensor.name())));
                    }
                }
            }
            checkOutput(tensors);
            checkBiases(tensors);
            addFrequencies(tensors);
            return tensors;
        }

        private Tensor tensor(StoredTensor stored, String name) {
            if (stored.dtype().format().isEmpty()) {
                throw new Unsupported(
                        "%s: tensor %s: its type %s".formatted(folder, FileText.quote(stored.name()), stored.dtype()),
                        Dtype.matrixTypes());
            }
            if (stored.data().byteSize() == 0) {
                throw malformed("tensor %s: expected numbers, found none in %s"
                        .formatted(FileText.quote(stored.name()), stored.extents()));
            }
            Tensor tensor = stored.asMatrix(name);
            return stored.shape().size() < 2 ? asF32(tensor) : tensor;
        }

        private Tensor asF32(Tensor vector) {
            Format format = Formats.of("F32");
            if (vector.format().equals(format)) {
                return vector;
            }
            int count = vector.shape().cols();
            float[] numbers = new float[count];
            vector.format().decode(vector.data(), 0, numbers, 0, count);
            return f32(vector.name(), numbers);
        }

        private Tensor f32(String name, float[] numbers) {
            Format format = Formats.of("F32");
            MemorySegment data = arena.allocate(4L * numbers.length, 64);
            format.encode(numbers, 0, numbers.length, data, 0);
            return new Tensor(name, format, Shape.vector(numbers.length), data.asReadOnly());
        }

        private void checkOutput(Map<String, Tensor> tensors) {
            if (!settings.tied() && !tensors.containsKey("output.weight")) {
                throw malformed("tensor lm_head.weight: expected one, as tie_word_embeddings is not true, found none");
            }
        }

        private void checkBiases(Map<String, Tensor> tensors) {
            for (String name : List.copyOf(tensors.keySet())) {
                Matcher matrix = MATRIX.matcher(name);
                if (!matrix.matches()) {
                    continue;
                }
                String bias = matrix.group(1) + ".bias";
                Optional<Boolean> said = settings.biased(matrix.group(2));
                if (said.isPresent() && said.get() != tensors.containsKey(bias)) {
                    throw malformed("tensor %s: expected %s, as config.json says, found %s"
                            .formatted(bias, said.get() ? "one" : "none", said.get() ? "none" : "one"));
                }
            }
        }

        private void addFrequencies(Map<String, Tensor> tensors) {
            float[] factors = settings.ropeFactors();
            if (factors.length > 0 && tensors.put(FREQUENCIES, f32(FREQUENCIES, factors)) != null) {
                throw malformed("tensor %s: expected none, found one".formatted(FREQUENCIES));
            }
        }

        private MalformedFile malformed(String what) {
            return new MalformedFile(folder, -1, what);
        }
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
        file.checkUnchanged();
    }

    @Override
    public synchronized void close() {
        if (!closed) {
            closed = true;
            file.close();
            arena.close();
        }
    }
}
