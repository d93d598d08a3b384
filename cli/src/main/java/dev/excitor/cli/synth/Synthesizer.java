package dev.excitor.cli.synth;

import dev.excitor.loaders.conversion.FileType;
import dev.excitor.loaders.gguf.GgufWriter;
import dev.excitor.runtime.Shape;
import dev.excitor.runtime.format.Format;
import dev.excitor.runtime.format.Formats;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;

/// Writes a model of random weights: all the metadata and tensors that llama.cpp writes for architecture `llama`.
public final class Synthesizer {

    private record TileKey(Format format, int cols) {}

    private final ModelShape shape;
    private final FileType types;
    private final FileType.Traits traits;
    private final boolean pure;
    private final long seed;
    private final Map<TileKey, RandomMatrix> tiles = new HashMap<>();
    private long bytes;
    private int matrices;

    /// @param pure whether every matrix gets the base format of the mix
    /// @param seed the same seed gives the same file
    public Synthesizer(ModelShape shape, FileType types, boolean pure, long seed) {
        this.shape = shape;
        this.traits = new FileType.Traits(shape.layers(), shape.heads(), shape.kvHeads(), shape.tied());
        this.types = types;
        this.pure = pure;
        this.seed = seed;
    }

    /// Writes the file; it appears under its name when it is complete.
    ///
    /// @param vocabulary a GGUF file whose vocabulary is copied, or null for a made-up one
    /// @param total      told the bytes of all tensors, before the first is written
    /// @param written    told the bytes of each piece that has been made
    public void write(Path path, @Nullable Path vocabulary, LongConsumer total, LongConsumer written)
            throws IOException {
        try (Arena arena = Arena.ofShared()) {
            GgufWriter writer = new GgufWriter(path);
            metadata(writer);
            if (vocabulary == null) {
                SyntheticVocabulary.write(writer, shape.vocabulary());
            } else {
                writer.copy(vocabulary, key -> key.startsWith("tokenizer."));
            }
            tensors(writer, arena, written);
            total.accept(bytes);
            writer.write();
        }
    }

    private void metadata(GgufWriter writer) {
        writer.string("general.architecture", "llama")
                .string("general.type", "model")
                .string("general.name", shape.name() + ", random weights")
                .uint32("general.file_type", types.fileType())
                .uint32("general.quantization_version", 2)
                .uint32("llama.block_count", shape.layers())
                .uint32("llama.context_length", shape.context())
                .uint32("llama.embedding_length", shape.width())
                .uint32("llama.feed_forward_length", shape.ffn())
                .uint32("llama.attention.head_count", shape.heads())
                .uint32("llama.attention.head_count_kv", shape.kvHeads())
                .uint32("llama.attention.key_length", shape.headSize())
                .uint32("llama.attention.value_length", shape.headSize())
                .float32("llama.attention.layer_norm_rms_epsilon", 1e-5f)
                .float32("llama.rope.freq_base", shape.ropeBase())
                .uint32("llama.rope.dimension_count", shape.headSize())
                .uint32("llama.vocab_size", shape.vocabulary());
    }

    private void tensors(GgufWriter writer, Arena arena, LongConsumer written) {
        if (shape.ropeFactor() != 1) {
            vector(writer, arena, "rope_freqs.weight", shape.ropeFactors());
        }
        int width = shape.width();
        int query = shape.heads() * shape.headSize();
        int keyValue = shape.kvHeads() * shape.headSize();
        matrix(writer, arena, "", "token_embd", 0, new Shape(shape.vocabulary(), width), written);
        for (int layer = 0; layer < shape.layers(); layer++) {
            String prefix = "blk." + layer + ".";
            vector(writer, arena, prefix + "attn_norm.weight", ones(width));
            matrix(writer, arena, prefix, "attn_q", layer, new Shape(query, width), written);
            matrix(writer, arena, prefix, "attn_k", layer, new Shape(keyValue, width), written);
            matrix(writer, arena, prefix, "attn_v", layer, new Shape(keyValue, width), written);
            matrix(writer, arena, prefix, "attn_output", layer, new Shape(width, query), written);
            vector(writer, arena, prefix + "ffn_norm.weight", ones(width));
            matrix(writer, arena, prefix, "ffn_gate", layer, new Shape(shape.ffn(), width), written);
            matrix(writer, arena, prefix, "ffn_up", layer, new Shape(shape.ffn(), width), written);
            matrix(writer, arena, prefix, "ffn_down", layer, new Shape(width, shape.ffn()), written);
        }
        vector(writer, arena, "output_norm.weight", ones(width));
        if (!shape.tied()) {
            matrix(writer, arena, "", "output", 0, new Shape(shape.vocabulary(), width), written);
        }
    }

    private void matrix(
            GgufWriter writer, Arena arena, String prefix, String name, int layer, Shape extent, LongConsumer written) {
        Format format = types.formatOf(name, layer, extent.cols(), traits, pure);
        RandomMatrix tile = tiles.computeIfAbsent(
                new TileKey(format, extent.cols()), key -> new RandomMatrix(arena, format, extent.cols(), seed));
        GgufWriter.Rows rows = tile.rows(seed * 31 + ++matrices);
        bytes += format.bytes(extent);
        writer.tensor(prefix + name + ".weight", format, extent, (from, count, target) -> {
            rows.write(from, count, target);
            written.accept(target.byteSize());
        });
    }

    private static void vector(GgufWriter writer, Arena arena, String name, float[] values) {
        MemorySegment data = arena.allocateFrom(ValueLayout.JAVA_FLOAT, values);
        writer.tensor(name, Formats.of("F32"), Shape.vector(values.length), data);
    }

    private static float[] ones(int count) {
        float[] values = new float[count];
        Arrays.fill(values, 1);
        return values;
    }
}
