package dev.excitor.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.excitor.loaders.gguf.GgufType;
import dev.excitor.loaders.gguf.GgufWriter;
import dev.excitor.runtime.Shape;
import dev.excitor.runtime.checkpoint.Checkpoint;
import dev.excitor.runtime.checkpoint.CheckpointReader;
import dev.excitor.runtime.format.Formats;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.function.Consumer;
import java.util.stream.Stream;

/// Small models and adapters that tests make themselves, so that they need no files from elsewhere.
public final class TestFiles {

    static final int LAYERS = 2;
    static final int WIDTH = 64;
    static final int HEADS = 4;
    static final int KV_HEADS = 2;
    static final int HEAD_SIZE = 16;
    static final int VOCABULARY = 400;
    static final int CONTEXT = 96;

    private TestFiles() {}

    /// A model of random weights: controls 0 to 2, bytes from 3, syllables and words behind them.
    ///
    /// @param type of all matrices
    /// @param more options of `synth`
    static Path model(Path file, String type, String... more) {
        String shape =
                "synth --layers %d --width %d --heads %d --kv-heads %d --ffn 96 --vocab-size %d --context %d --pure"
                        .formatted(LAYERS, WIDTH, HEADS, KV_HEADS, VOCABULARY, CONTEXT);
        CommandRun made = CommandRun.of(Stream.of(
                        Stream.of(shape.split(" ", -1)),
                        Stream.of("--type", type, "-o", file.toString()),
                        Stream.of(more))
                .flatMap(part -> part)
                .toArray(String[]::new));
        assertThat(made.code()).as(made.err()).isZero();
        return file;
    }

    /// The metadata of a model, but for some keys, without its tensors.
    static GgufWriter metadataOf(Path model, Path file, String... without) throws IOException {
        return new GgufWriter(file).copy(model, key -> !List.of(without).contains(key));
    }

    /// A model with something more, or less, in it.
    static Path variant(Path model, Path file, Consumer<GgufWriter> change, String... without) throws IOException {
        GgufWriter writer = metadataOf(model, file, without);
        change.accept(writer);
        try (Checkpoint original = CheckpointReader.open(model, CheckpointReader.Memory.MAPPED)) {
            original.tensors().stream()
                    .filter(tensor -> !List.of(without).contains(tensor.name()))
                    .forEach(writer::tensor);
            writer.write();
        }
        return file;
    }

    /// A tensor of equal numbers.
    static void constant(GgufWriter writer, String name, int count, float value) {
        MemorySegment data = Arena.ofAuto().allocate(4L * count);
        for (int i = 0; i < count; i++) {
            data.setAtIndex(ValueLayout.JAVA_FLOAT, i, value);
        }
        writer.tensor(name, Formats.of("F32"), Shape.vector(count), data);
    }

    /// One whose most probable text depends on its prompt for long; others soon go round in one circle.
    public static Path talkativeModel(Path file) {
        return model(file, "F32", "--seed", "3");
    }

    /// The model with numbers that are none on the way to its logits.
    static Path modelWithNaN(Path file) throws IOException {
        Path model = model(file.resolveSibling(file.getFileName() + ".whole"), "F32");
        String norm = "output_norm.weight";
        return variant(model, file, writer -> constant(writer, norm, WIDTH, Float.NaN), norm);
    }

    /// A random adapter for the model, in its last layer, with the default settings.
    public static Path adapter(Path file) throws IOException {
        return adapter(file, LAYERS, writer -> {});
    }

    /// A random adapter for a model of other depth.
    public static Path adapterOfAnotherBase(Path file) throws IOException {
        return adapter(file, LAYERS + 1, writer -> {});
    }

    /// A random adapter for the model, in its last layer, with the default settings.
    ///
    /// @param change adds settings
    static Path adapter(Path file, int layers, Consumer<GgufWriter> change) throws IOException {
        int prompts = 5;
        int rank = 3;
        int extra = KV_HEADS * HEAD_SIZE;
        String prefix = "adapter.excitor.";
        GgufWriter writer = new GgufWriter(file)
                .string("general.type", "adapter")
                .string("general.architecture", "llama")
                .string("adapter.type", "excitor")
                .uint32(prefix + "version", 1)
                .integers(prefix + "layers", GgufType.UINT32, LAYERS - 1)
                .uint32(prefix + "prompt_length", prompts)
                .uint32(prefix + "rank", rank)
                .uint32(prefix + "base.block_count", layers)
                .uint32(prefix + "base.embedding_length", WIDTH)
                .uint32(prefix + "base.head_count", HEADS)
                .uint32(prefix + "base.head_count_kv", KV_HEADS)
                .uint32(prefix + "base.key_length", HEAD_SIZE);
        change.accept(writer);
        Random random = new Random(30);
        String blk = "blk.%d.excitor.".formatted(LAYERS - 1);
        random(writer, random, blk + "prompt", new Shape(prompts, extra));
        random(writer, random, blk + "q_down", new Shape(rank, WIDTH));
        random(writer, random, blk + "q_up", new Shape(extra, rank));
        random(writer, random, blk + "gate", Shape.vector(KV_HEADS));
        writer.write();
        return file;
    }

    private static void random(GgufWriter writer, Random random, String name, Shape shape) {
        MemorySegment data = Arena.ofAuto().allocate(4 * shape.elements());
        for (long i = 0; i < shape.elements(); i++) {
            data.setAtIndex(ValueLayout.JAVA_FLOAT, i, (float) random.nextGaussian());
        }
        writer.tensor(name, Formats.of("F32"), shape, data);
    }
}
