package dev.excitor.train;

import dev.excitor.loaders.gguf.GgufType;
import dev.excitor.loaders.gguf.GgufWriter;
import dev.excitor.runtime.Shape;
import dev.excitor.runtime.format.Format;
import dev.excitor.runtime.format.Formats;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/// A LLaMA of some thousand random weights with grouped queries, partly rotated heads and a vocabulary of bytes,
/// written as a file.
///
/// @param layers  N
/// @param width   C
/// @param heads   H
/// @param kvHeads G
/// @param headDim d
/// @param ropeDim rotated channels of a head
/// @param ffn     F
/// @param format  of the matrices
public record ToyModel(
        int layers, int width, int heads, int kvHeads, int headDim, int ropeDim, int ffn, String format) {

    static final int VOCAB = 3 + 256 + 3;

    /// For references that take a whole tape of numbers.
    public static ToyModel tiny() {
        return new ToyModel(3, 16, 4, 2, 4, 4, 24, "F32");
    }

    /// Rows of whole blocks for every format.
    public static ToyModel quantized(String format) {
        return new ToyModel(3, 256, 4, 2, 64, 64, 256, format);
    }

    public Path write(Path path) {
        Random random = new Random(42);
        GgufWriter writer = new GgufWriter(path)
                .string("general.architecture", "llama")
                .uint32("llama.block_count", layers)
                .uint32("llama.context_length", 256)
                .uint32("llama.embedding_length", width)
                .uint32("llama.feed_forward_length", ffn)
                .uint32("llama.attention.head_count", heads)
                .uint32("llama.attention.head_count_kv", kvHeads)
                .uint32("llama.attention.key_length", headDim)
                .uint32("llama.attention.value_length", headDim)
                .float32("llama.attention.layer_norm_rms_epsilon", 1e-5f)
                .uint32("llama.rope.dimension_count", ropeDim);
        vocabulary(writer);
        try (Arena arena = Arena.ofConfined()) {
            tensor(writer, arena, random, "token_embd.weight", VOCAB, width);
            for (int l = 0; l < layers; l++) {
                String blk = "blk." + l + ".";
                tensor(writer, arena, random, blk + "attn_norm.weight", 1, width);
                tensor(writer, arena, random, blk + "attn_q.weight", heads * headDim, width);
                tensor(writer, arena, random, blk + "attn_k.weight", kvHeads * headDim, width);
                tensor(writer, arena, random, blk + "attn_v.weight", kvHeads * headDim, width);
                tensor(writer, arena, random, blk + "attn_output.weight", width, heads * headDim);
                tensor(writer, arena, random, blk + "ffn_norm.weight", 1, width);
                tensor(writer, arena, random, blk + "ffn_gate.weight", ffn, width);
                tensor(writer, arena, random, blk + "ffn_up.weight", ffn, width);
                tensor(writer, arena, random, blk + "ffn_down.weight", width, ffn);
            }
            tensor(writer, arena, random, "output_norm.weight", 1, width);
            tensor(writer, arena, random, "output.weight", VOCAB, width);
            writer.write();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return path;
    }

    private void tensor(GgufWriter writer, Arena arena, Random random, String name, int rows, int cols) {
        Format own = Formats.of(rows == 1 ? "F32" : format);
        float[] numbers = new float[rows * cols];
        for (int i = 0; i < numbers.length; i++) {
            float weight = (float) (random.nextGaussian() / Math.sqrt(cols));
            numbers[i] = rows == 1 ? 1 + weight : 2 * weight;
        }
        MemorySegment data = arena.allocate(own.bytes(new Shape(rows, cols)), 64);
        own.encode(numbers, 0, numbers.length, data, 0);
        writer.tensor(name, own, new Shape(rows, cols), data);
    }

    /// SPM: unknown, begin, end, 256 bytes, and three words.
    private static void vocabulary(GgufWriter writer) {
        List<String> tokens = new ArrayList<>(List.of("<unk>", "<s>", "</s>"));
        for (int b = 0; b < 256; b++) {
            tokens.add("<0x%02X>".formatted(b));
        }
        tokens.addAll(List.of("\u2581", "a", "\u2581a"));
        float[] scores = new float[VOCAB];
        long[] types = new long[VOCAB];
        for (int i = 0; i < VOCAB; i++) {
            scores[i] = i < 259 ? 0 : -i;
            types[i] = i == 0 ? 2 : i < 3 ? 3 : i < 259 ? 6 : 1;
        }
        writer.string("tokenizer.ggml.model", "llama")
                .strings("tokenizer.ggml.tokens", tokens)
                .floats("tokenizer.ggml.scores", scores)
                .integers("tokenizer.ggml.token_type", GgufType.INT32, types)
                .uint32("tokenizer.ggml.bos_token_id", 1)
                .uint32("tokenizer.ggml.eos_token_id", 2);
    }
}
