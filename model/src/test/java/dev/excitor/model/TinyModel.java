package dev.excitor.model;

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
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

/// A LLaMA of a few thousand random weights that tests write themselves, so that they need no files from elsewhere;
/// every
/// key and tensor can be changed or left out before it is written.
final class TinyModel {

    static final int LAYERS = 2;
    static final int WIDTH = 64;
    static final int HEADS = 4;
    static final int KV_HEADS = 2;
    static final int HEAD_DIM = 16;
    static final int FFN = 96;
    static final int VOCAB = 3 + 256 + 3;
    static final int CONTEXT = 256;

    private final Map<String, Object> metadata = new LinkedHashMap<>();
    private final Map<String, Shape> tensors = new LinkedHashMap<>();
    private final Map<String, Float> filled = new LinkedHashMap<>();
    private final Random random;
    private Format format = Formats.of("F32");

    private TinyModel(long seed) {
        random = new Random(seed);
    }

    /// A complete, valid model.
    static TinyModel standard() {
        TinyModel m = new TinyModel(42);
        m.set("general.architecture", "llama");
        m.set("llama.block_count", (long) LAYERS);
        m.set("llama.context_length", (long) CONTEXT);
        m.set("llama.embedding_length", (long) WIDTH);
        m.set("llama.feed_forward_length", (long) FFN);
        m.set("llama.attention.head_count", (long) HEADS);
        m.set("llama.attention.head_count_kv", (long) KV_HEADS);
        m.set("llama.attention.layer_norm_rms_epsilon", 1e-5f);
        m.set("llama.rope.dimension_count", (long) HEAD_DIM);
        m.vocabulary();
        m.tensor("token_embd.weight", VOCAB, WIDTH);
        for (int l = 0; l < LAYERS; l++) {
            String blk = "blk." + l + ".";
            m.tensor(blk + "attn_norm.weight", 1, WIDTH);
            m.tensor(blk + "attn_q.weight", HEADS * HEAD_DIM, WIDTH);
            m.tensor(blk + "attn_k.weight", KV_HEADS * HEAD_DIM, WIDTH);
            m.tensor(blk + "attn_v.weight", KV_HEADS * HEAD_DIM, WIDTH);
            m.tensor(blk + "attn_output.weight", WIDTH, HEADS * HEAD_DIM);
            m.tensor(blk + "ffn_norm.weight", 1, WIDTH);
            m.tensor(blk + "ffn_gate.weight", FFN, WIDTH);
            m.tensor(blk + "ffn_up.weight", FFN, WIDTH);
            m.tensor(blk + "ffn_down.weight", WIDTH, FFN);
        }
        m.tensor("output_norm.weight", 1, WIDTH);
        m.tensor("output.weight", VOCAB, WIDTH);
        return m;
    }

    /// SPM: unknown, begin, end, 256 bytes, and three words.
    private void vocabulary() {
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
        set("tokenizer.ggml.model", "llama");
        set("tokenizer.ggml.tokens", tokens);
        set("tokenizer.ggml.scores", scores);
        set("tokenizer.ggml.token_type", types);
        set("tokenizer.ggml.bos_token_id", 1L);
        set("tokenizer.ggml.eos_token_id", 2L);
    }

    /// @param value String, Long (uint32), Float, Boolean, List of strings, float[] or long[] (int32)
    TinyModel set(String key, Object value) {
        metadata.put(key, value);
        return this;
    }

    TinyModel remove(String key) {
        metadata.remove(key);
        return this;
    }

    TinyModel tensor(String name, int rows, int cols) {
        tensors.put(name, new Shape(rows, cols));
        return this;
    }

    TinyModel without(String tensor) {
        tensors.remove(tensor);
        return this;
    }

    /// All numbers of one tensor are the same.
    TinyModel fill(String tensor, float value) {
        filled.put(tensor, value);
        return this;
    }

    /// The format of matrices; vectors stay F32.
    TinyModel format(String name) {
        format = Formats.of(name);
        return this;
    }

    Path write(Path path) {
        GgufWriter writer = new GgufWriter(path);
        metadata.forEach((key, value) -> put(writer, key, value));
        try (Arena arena = Arena.ofConfined()) {
            tensors.forEach((name, shape) -> {
                Format own = shape.rows() == 1 ? Formats.of("F32") : format;
                MemorySegment data = arena.allocate(own.bytes(shape), 64);
                float[] numbers = numbers(name, shape);
                own.encode(numbers, 0, numbers.length, data, 0);
                writer.tensor(name, own, shape, data);
            });
            writer.write();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return path;
    }

    private float[] numbers(String name, Shape shape) {
        float[] numbers = new float[Math.toIntExact(shape.elements())];
        boolean norm = name.endsWith("norm.weight");
        for (int i = 0; i < numbers.length; i++) {
            float weight = (float) (random.nextGaussian() / Math.sqrt(shape.cols()));
            numbers[i] = filled.containsKey(name) ? filled.get(name) : norm ? 1 + weight : 2 * weight;
        }
        return numbers;
    }

    @SuppressWarnings("unchecked")
    private static void put(GgufWriter writer, String key, Object value) {
        switch (value) {
            case String text -> writer.string(key, text);
            case Long number -> writer.uint32(key, number);
            case Integer number -> writer.int32(key, number);
            case Float number -> writer.float32(key, number);
            case Boolean flag -> writer.bool(key, flag);
            case List<?> strings -> writer.strings(key, (List<String>) strings);
            case float[] numbers -> writer.floats(key, numbers);
            case long[] numbers -> writer.integers(key, GgufType.INT32, numbers);
            default -> throw new IllegalArgumentException(key + " = " + value);
        }
    }
}
