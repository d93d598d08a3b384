package dev.excitor.loaders.attacks;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/// A Hugging Face directory of a few bytes, file by file, without checking anything.
final class RawDirectory {

    static final String CONFIG = "config.json";
    static final String TOKENIZER = "tokenizer.json";
    static final String WEIGHTS = "model.safetensors";

    private final Map<String, byte[]> files = new LinkedHashMap<>();

    /// One that opens.
    static RawDirectory sound() {
        return new RawDirectory()
                .file(
                        CONFIG,
                        "{\"architectures\":[\"LlamaForCausalLM\"],\"vocab_size\":6,\"hidden_size\":8,"
                                + "\"intermediate_size\":8,\"num_hidden_layers\":1,\"num_attention_heads\":2,"
                                + "\"max_position_embeddings\":16,\"hidden_act\":\"silu\",\"rope_theta\":10000.0,"
                                + "\"rope_scaling\":null,\"tie_word_embeddings\":true}")
                .file(
                        TOKENIZER,
                        "{\"added_tokens\":[{\"id\":0,\"content\":\"<unk>\",\"special\":true},"
                                + "{\"id\":1,\"content\":\"<s>\",\"special\":true},"
                                + "{\"id\":2,\"content\":\"</s>\",\"special\":true}],"
                                + "\"normalizer\":{\"type\":\"Sequence\",\"normalizers\":["
                                + "{\"type\":\"Prepend\",\"prepend\":\"\u2581\"},"
                                + "{\"type\":\"Replace\",\"pattern\":{\"String\":\" \"},\"content\":\"\u2581\"}]},"
                                + "\"pre_tokenizer\":null,\"model\":{\"type\":\"BPE\",\"unk_token\":\"<unk>\","
                                + "\"vocab\":{\"<unk>\":0,\"<s>\":1,\"</s>\":2,\"\u2581\":3,\"a\":4,\"\u2581a\":5},"
                                + "\"merges\":[\"\u2581 a\"]}}")
                .file(
                        WEIGHTS,
                        RawSafetensors.file(
                                RawSafetensors.header(
                                        RawSafetensors.tensor("model.norm.weight", "F16", "[8]", "[0,16]")),
                                16));
    }

    RawDirectory file(String name, String text) {
        return file(name, text.getBytes(StandardCharsets.UTF_8));
    }

    RawDirectory file(String name, byte[] bytes) {
        files.put(name, bytes);
        return this;
    }

    RawDirectory without(String name) {
        files.remove(name);
        return this;
    }

    /// Puts something else in the place of a piece of a text, which must be there.
    RawDirectory change(String name, String from, String to) {
        String text = new String(files.get(name), StandardCharsets.UTF_8);
        if (!text.contains(from)) {
            throw new IllegalArgumentException("there is no %s in %s".formatted(from, text));
        }
        return file(name, text.replace(from, to));
    }

    Path write(Path folder) throws IOException {
        for (Map.Entry<String, byte[]> file : files.entrySet()) {
            Files.write(folder.resolve(file.getKey()), file.getValue());
        }
        return folder;
    }
}
