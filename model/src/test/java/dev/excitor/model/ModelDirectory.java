package dev.excitor.model;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.excitor.loaders.safetensors.SafetensorsWriter;
import dev.excitor.loaders.tensors.Dtype;
import dev.excitor.runtime.Tensor;
import dev.excitor.runtime.checkpoint.Checkpoint;
import dev.excitor.runtime.checkpoint.CheckpointReader;
import dev.excitor.runtime.checkpoint.CheckpointReader.Memory;
import dev.excitor.runtime.checkpoint.Metadata;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/// Writes a GGUF model as a Hugging Face directory of the same weights: other names, other settings, the rows of query
/// and key matrices in half-split order.
final class ModelDirectory {

    private static final ObjectMapper JSON = new ObjectMapper();

    private static final Map<String, String> NAMES = Map.ofEntries(
            Map.entry("token_embd", "model.embed_tokens"),
            Map.entry("output_norm", "model.norm"),
            Map.entry("output", "lm_head"),
            Map.entry("attn_norm", "input_layernorm"),
            Map.entry("attn_q", "self_attn.q_proj"),
            Map.entry("attn_k", "self_attn.k_proj"),
            Map.entry("attn_v", "self_attn.v_proj"),
            Map.entry("attn_output", "self_attn.o_proj"),
            Map.entry("ffn_norm", "post_attention_layernorm"),
            Map.entry("ffn_gate", "mlp.gate_proj"),
            Map.entry("ffn_up", "mlp.up_proj"),
            Map.entry("ffn_down", "mlp.down_proj"));

    private ModelDirectory() {}

    static Path write(Path gguf, Path folder) {
        return write(gguf, folder, config -> {});
    }

    /// @param change what is to be different in `config.json`
    static Path write(Path gguf, Path folder, Consumer<ObjectNode> change) {
        try (Checkpoint model = CheckpointReader.open(gguf, Memory.MAPPED)) {
            Files.createDirectories(folder);
            ObjectNode config = config(model);
            change.accept(config);
            JSON.writeValue(folder.resolve("config.json").toFile(), config);
            writeWeights(model, folder.resolve("model.safetensors"));
            writeVocabulary(model.metadata(), folder);
            return folder;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static ObjectNode config(Checkpoint model) {
        Metadata m = model.metadata();
        ObjectNode config = JSON.createObjectNode();
        config.putArray("architectures").add("LlamaForCausalLM");
        config.put("model_type", "llama");
        config.put(
                "vocab_size", m.findBytes("tokenizer.ggml.tokens").orElseThrow().size());
        config.put("hidden_size", m.integer("llama.embedding_length"));
        config.put("intermediate_size", m.integer("llama.feed_forward_length"));
        config.put("num_hidden_layers", m.integer("llama.block_count"));
        config.put("num_attention_heads", m.integer("llama.attention.head_count"));
        config.put("num_key_value_heads", m.integer("llama.attention.head_count_kv"));
        config.put("max_position_embeddings", m.integer("llama.context_length"));
        config.put("rms_norm_eps", m.number("llama.attention.layer_norm_rms_epsilon", 0));
        config.put("rope_theta", m.number("llama.rope.freq_base", 10_000));
        config.put("tie_word_embeddings", model.find("output.weight").isEmpty());
        config.put("bos_token_id", m.integer("tokenizer.ggml.bos_token_id"));
        config.put("eos_token_id", m.integer("tokenizer.ggml.eos_token_id"));
        return config;
    }

    private static void writeWeights(Checkpoint model, Path path) throws IOException {
        Metadata m = model.metadata();
        long heads = m.integer("llama.attention.head_count");
        int headSize =
                (int) m.findLong("llama.attention.key_length").orElse(m.integer("llama.embedding_length") / heads);
        var writer = new SafetensorsWriter(path).metadata("format", "pt");
        for (Tensor tensor : model.tensors()) {
            boolean vector = tensor.shape().rows() == 1;
            boolean turns = tensor.name().matches(".*attn_[qk]\\.(weight|bias)");
            int rows = vector ? tensor.shape().cols() : tensor.shape().rows();
            writer.tensor(
                    name(tensor.name()),
                    Dtype.find(tensor.format().name()).orElseThrow(),
                    vector
                            ? List.of((long) rows)
                            : List.of((long) rows, (long) tensor.shape().cols()),
                    turns ? halfSplit(tensor.data(), rows, headSize) : tensor.data());
        }
        writer.write();
    }

    private static String name(String gguf) {
        List<String> parts = new ArrayList<>(List.of(gguf.split("\\.", -1)));
        String kind = parts.removeLast();
        String matrix = NAMES.getOrDefault(parts.getLast(), parts.getLast());
        return parts.size() == 1 ? matrix + "." + kind : "model.layers.%s.%s.%s".formatted(parts.get(1), matrix, kind);
    }

    /// Rows 2i and 2i + 1 of a head become i and i + d/2.
    private static MemorySegment halfSplit(MemorySegment data, int rows, int headSize) {
        long bytes = data.byteSize() / rows;
        MemorySegment result = MemorySegment.ofArray(new byte[(int) data.byteSize()]);
        for (int head = 0; head < rows / headSize; head++) {
            for (int i = 0; i < headSize / 2; i++) {
                for (int second = 0; second < 2; second++) {
                    long from = (long) head * headSize + 2L * i + second;
                    long to = (long) head * headSize + i + (long) second * (headSize / 2);
                    MemorySegment.copy(data, from * bytes, result, to * bytes, bytes);
                }
            }
        }
        return result;
    }

    private static void writeVocabulary(Metadata m, Path folder) throws IOException {
        boolean bytes = m.string("tokenizer.ggml.model").equals("gpt2");
        List<String> tokens = m.findStrings("tokenizer.ggml.tokens").orElseThrow();
        long[] types = m.findLongs("tokenizer.ggml.token_type").orElseThrow();
        ObjectNode json = JSON.createObjectNode();
        json.put("version", "1.0");
        json.putNull("truncation");
        ArrayNode added = json.putArray("added_tokens");
        ObjectNode model = JSON.createObjectNode().put("type", "BPE").putNull("dropout");
        ObjectNode vocab = model.putObject("vocab");
        for (int id = 0; id < tokens.size(); id++) {
            boolean special = types[id] == 2 || types[id] == 3;
            if (special || types[id] == 4) {
                added.addObject().put("id", id).put("content", tokens.get(id)).put("special", special);
            } else {
                vocab.put(tokens.get(id), id);
            }
        }
        if (bytes) {
            writeByteLevel(m, json, model);
        } else {
            writeCharacters(m, json, model, tokens, types);
        }
        json.set("model", model);
        JSON.writeValue(folder.resolve("tokenizer.json").toFile(), json);
    }

    private static void writeByteLevel(Metadata m, ObjectNode json, ObjectNode model) {
        ArrayNode steps =
                json.putObject("pre_tokenizer").put("type", "Sequence").putArray("pretokenizers");
        steps.addObject()
                .put("type", "Split")
                .put("behavior", "Isolated")
                .put("invert", false)
                .putObject("pattern")
                .put(
                        "Regex",
                        "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*"
                                + "|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+");
        steps.addObject()
                .put("type", "ByteLevel")
                .put("add_prefix_space", false)
                .put("use_regex", false);
        model.put("ignore_merges", true);
        ArrayNode merges = model.putArray("merges");
        m.findStrings("tokenizer.ggml.merges").orElseThrow().forEach(merges::add);
    }

    /// Every pair that makes a token, the tokens of the best scores first.
    private static void writeCharacters(
            Metadata m, ObjectNode json, ObjectNode model, List<String> tokens, long[] types) {
        ArrayNode steps = json.putObject("normalizer").put("type", "Sequence").putArray("normalizers");
        if (m.bool("tokenizer.ggml.add_space_prefix", true)) {
            steps.addObject().put("type", "Prepend").put("prepend", "\u2581");
        }
        steps.addObject()
                .put("type", "Replace")
                .put("content", "\u2581")
                .putObject("pattern")
                .put("String", " ");
        model.put("byte_fallback", true).put("fuse_unk", true).put("unk_token", tokens.getFirst());
        float[] scores = m.findFloats("tokenizer.ggml.scores").orElseThrow();
        Map<String, Integer> text = new HashMap<>();
        for (int id = 0; id < tokens.size(); id++) {
            if (types[id] == 1) {
                text.put(tokens.get(id), id);
            }
        }
        ArrayNode merges = model.putArray("merges");
        text.values().stream()
                .sorted(Comparator.comparingDouble((Integer id) -> -scores[id]).thenComparing(id -> id))
                .map(tokens::get)
                .forEach(token -> {
                    for (int at = 1; at < token.length(); at++) {
                        String left = token.substring(0, at);
                        String right = token.substring(at);
                        if (text.containsKey(left) && text.containsKey(right)) {
                            merges.addArray().add(left).add(right);
                        }
                    }
                });
    }
}
