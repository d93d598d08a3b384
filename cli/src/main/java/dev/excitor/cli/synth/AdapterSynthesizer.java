package dev.excitor.cli.synth;

import dev.excitor.loaders.gguf.GgufType;
import dev.excitor.loaders.gguf.GgufWriter;
import dev.excitor.model.Model;
import dev.excitor.model.arch.Dimensions;
import dev.excitor.runtime.Shape;
import dev.excitor.runtime.format.Formats;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.random.RandomGenerator;
import java.util.stream.LongStream;

/// Writes an Excitor adapter of random weights for a model, with the default settings: an extra key as wide as the
/// keys, one gate per key/value head, and blocks in all layers but the lowest two (in all, where there are no more than
/// two).
///
/// @param prompts K, learned prompts per layer
/// @param rank    r of the two projections
/// @param seed    the same seed gives the same file
public record AdapterSynthesizer(int prompts, int rank, long seed) {

    private static final int LOWEST_WITHOUT = 2;

    /// The largest gate; small, as after training, so that the text stays the model's.
    private static final float GATE = 0.1f;

    /// Writes the adapter.
    ///
    /// @param model the file it is for
    public void write(Path model, Path path) throws IOException {
        try (Arena arena = Arena.ofShared();
                Model owner = Model.open(model)) {
            Dimensions base = owner.dimensions();
            int layers = base.layers();
            int first = layers > LOWEST_WITHOUT ? LOWEST_WITHOUT : 0;
            String prefix = "adapter.excitor.";
            GgufWriter writer = new GgufWriter(path)
                    .string("general.type", "adapter")
                    .string("general.architecture", "llama")
                    .string("general.name", "random weights")
                    .string("adapter.type", "excitor")
                    .uint32(prefix + "version", 1)
                    .integers(
                            prefix + "layers",
                            GgufType.UINT32,
                            LongStream.range(first, layers).toArray())
                    .uint32(prefix + "prompt_length", prompts)
                    .uint32(prefix + "rank", rank)
                    .uint32(prefix + "base.block_count", layers)
                    .uint32(prefix + "base.embedding_length", base.width())
                    .uint32(prefix + "base.head_count", base.heads())
                    .uint32(prefix + "base.head_count_kv", base.kvHeads())
                    .uint32(prefix + "base.key_length", base.keyDim());
            RandomGenerator random = RandomMatrix.generator(seed);
            int extra = base.keyWidth();
            for (int layer = first; layer < layers; layer++) {
                String block = "blk." + layer + ".excitor.";
                tensor(writer, arena, random, block + "prompt", new Shape(prompts, extra), 1);
                tensor(
                        writer,
                        arena,
                        random,
                        block + "q_down",
                        new Shape(rank, base.width()),
                        1 / Math.sqrt(base.width()));
                tensor(writer, arena, random, block + "q_up", new Shape(extra, rank), 1 / Math.sqrt(rank));
                tensor(writer, arena, random, block + "gate", Shape.vector(base.kvHeads()), GATE);
            }
            writer.write();
        }
    }

    private static void tensor(
            GgufWriter writer, Arena arena, RandomGenerator random, String name, Shape shape, double most) {
        MemorySegment data = arena.allocate(ValueLayout.JAVA_FLOAT, shape.elements());
        for (long i = 0; i < shape.elements(); i++) {
            data.setAtIndex(ValueLayout.JAVA_FLOAT, i, (float) (most * (2 * random.nextDouble() - 1)));
        }
        writer.tensor(name, Formats.of("F32"), shape, data);
    }
}
