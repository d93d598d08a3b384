package dev.excitor.loaders.huggingface;

import dev.excitor.loaders.file.FileBytes;
import dev.excitor.loaders.file.FileText;
import dev.excitor.loaders.gguf.GgufMetadataBuilder;
import dev.excitor.loaders.gguf.GgufType;
import dev.excitor.loaders.json.JsonFile;
import dev.excitor.loaders.json.JsonObject;
import dev.excitor.runtime.ExcitorException.MalformedFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.SequencedSet;
import java.util.function.Function;

/// Which tokens have a role, what is put round a text, and how a conversation is written: from `tokenizer_config.json`,
/// `generation_config.json`, `config.json` and the templates beside them, in this order of trust.
final class TokenizerSettings {

    private static final int MAX_BYTES = 32 << 20;
    private static final int MAX_TEMPLATE = 1 << 20;
    private static final String TEMPLATE = "tokenizer.chat_template";

    private final Path folder;
    private final int vocabulary;
    private final Function<String, Optional<Integer>> ids;
    private final Optional<JsonObject> own;
    private final List<JsonObject> configs = new ArrayList<>();

    /// @param vocabulary tokens of the model
    /// @param ids        the id of a token's text
    TokenizerSettings(Path folder, JsonObject config, int vocabulary, Function<String, Optional<Integer>> ids) {
        this.folder = folder;
        this.vocabulary = vocabulary;
        this.ids = ids;
        this.own = optional("tokenizer_config.json");
        optional("generation_config.json").ifPresent(configs::add);
        configs.add(config);
    }

    private Optional<JsonObject> optional(String name) {
        Path path = folder.resolve(name);
        return Files.exists(path) ? Optional.of(JsonFile.readObject(path, MAX_BYTES)) : Optional.empty();
    }

    /// @param around what the tokenizer itself puts round a text
    void addTo(GgufMetadataBuilder metadata, Optional<Surroundings> around) {
        OptionalInt bos = role("bos");
        OptionalInt eos = role("eos");
        bos.ifPresent(id -> metadata.uint32("tokenizer.ggml.bos_token_id", id));
        eos.ifPresent(id -> metadata.uint32("tokenizer.ggml.eos_token_id", id));
        role("pad").ifPresent(id -> metadata.uint32("tokenizer.ggml.padding_token_id", id));
        SequencedSet<Integer> ends = new LinkedHashSet<>();
        configs.forEach(config -> ends.addAll(ids(config, "eos_token_id")));
        if (eos.isPresent() && ends.size() > 1) {
            metadata.integers(
                    "tokenizer.ggml.eog_token_ids",
                    GgufType.UINT32,
                    ends.stream().mapToLong(Integer::longValue).toArray());
        }
        add("bos", bos, around.map(Surroundings::before))
                .ifPresent(adds -> metadata.bool("tokenizer.ggml.add_bos_token", adds));
        add("eos", eos, around.map(Surroundings::after))
                .ifPresent(adds -> metadata.bool("tokenizer.ggml.add_eos_token", adds));
        addTemplates(metadata);
    }

    private Optional<Boolean> add(String role, OptionalInt id, Optional<List<String>> around) {
        Optional<Boolean> said = own.flatMap(config -> config.findBoolean("add_%s_token".formatted(role)));
        if (id.isEmpty()) {
            return Optional.of(false);
        }
        return said.or(() -> around.map(tokens -> tokens.stream()
                .anyMatch(token ->
                        ids.apply(token).filter(found -> found == id.getAsInt()).isPresent())));
    }

    private OptionalInt role(String role) {
        String field = role + "_token";
        Optional<String> text = own.flatMap(config -> tokenText(config, field));
        if (text.isPresent()) {
            int id = ids.apply(text.get())
                    .orElseThrow(() -> own.get().malformed(field, "a token", FileText.quote(text.get())));
            return OptionalInt.of(id);
        }
        for (JsonObject config : configs) {
            List<Integer> found = ids(config, field + "_id");
            if (!found.isEmpty()) {
                return OptionalInt.of(found.getFirst());
            }
        }
        return OptionalInt.empty();
    }

    /// A token's text, alone or as the `content` of an object.
    private static Optional<String> tokenText(JsonObject config, String field) {
        if (!config.has(field)) {
            return Optional.empty();
        }
        return config.isObject(field)
                ? config.findObject(field).flatMap(token -> token.findString("content"))
                : config.findString(field);
    }

    /// One id or several; -1 stands for none.
    private List<Integer> ids(JsonObject config, String field) {
        List<Integer> found = new ArrayList<>();
        for (long id : config.integers(field)) {
            if (id >= vocabulary || id < -1) {
                throw config.malformed(field, "ids of the %d tokens".formatted(vocabulary), "" + id);
            }
            if (id >= 0) {
                found.add((int) id);
            }
        }
        return found;
    }

    /// The default template and those with names: a file beside the others, a text, or a list.
    void addTemplates(GgufMetadataBuilder metadata) {
        Path jinja = folder.resolve("chat_template.jinja");
        if (Files.exists(jinja)) {
            byte[] bytes = FileBytes.read(jinja, MAX_TEMPLATE);
            metadata.string(
                    TEMPLATE,
                    FileText.strictUtf8(bytes, 0, bytes.length)
                            .orElseThrow(() -> new MalformedFile(jinja, -1, "expected UTF-8, found other bytes")));
            return;
        }
        if (own.isEmpty() || !own.get().has("chat_template")) {
            return;
        }
        if (!own.get().isArray("chat_template")) {
            metadata.string(TEMPLATE, own.get().string("chat_template"));
            return;
        }
        SequencedSet<String> names = new LinkedHashSet<>();
        for (JsonObject template : own.get().objects("chat_template")) {
            String name = template.string("name");
            if (!name.matches("[A-Za-z0-9_]{1,64}") || !names.add(name)) {
                throw template.malformed("name", "a name of its own in letters and digits", FileText.quote(name));
            }
            metadata.string(name.equals("default") ? TEMPLATE : TEMPLATE + "." + name, template.string("template"));
        }
        List<String> others =
                names.stream().filter(name -> !name.equals("default")).toList();
        if (!others.isEmpty()) {
            metadata.strings("tokenizer.chat_templates", others);
        }
    }
}
