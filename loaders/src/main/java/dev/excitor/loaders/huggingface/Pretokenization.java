package dev.excitor.loaders.huggingface;

import dev.excitor.loaders.json.JsonObject;
import dev.excitor.runtime.ExcitorException.Unsupported;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Recognises how a byte-level `tokenizer.json` cuts a text into words, by its steps and their expressions, and knows
/// what GGUF calls it (`tokenizer.ggml.pre`).
final class Pretokenization {

    private static final String LLAMA_3 =
            "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*"
                    + "|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";

    private static final String TEKKEN =
            "[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]*[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]+"
                    + "|[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]+[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]*"
                    + "|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";

    /// Steps, as [#describe] writes them, and their name.
    private static final Map<String, String> NAMES = Map.of(
            split(LLAMA_3) + " ByteLevel",
            "llama-bpe",
            split(LLAMA_3.replace("{1,3}", "")) + " ByteLevel",
            "qwen2",
            split(TEKKEN) + " ByteLevel",
            "tekken",
            "ByteLevel+words",
            "gpt-2",
            "Digits(each) ByteLevel+words",
            "smollm",
            "Punctuation(Contiguous) ByteLevel+words Digits " + split("[0-9][0-9][0-9]"),
            "falcon",
            "Punctuation(Contiguous) ByteLevel+words " + split("[0-9][0-9][0-9]"),
            "falcon");

    /// What a word that is a token does is part of the name in GGUF.
    private static final List<String> IGNORING_MERGES = List.of("llama-bpe", "tekken");

    private static final String LLAMA_3_BY_MERGES = "smaug-bpe";

    private Pretokenization() {}

    /// @throws Unsupported for steps that are not known
    static String name(TokenizerJson tokenizer) {
        StringBuilder steps = new StringBuilder();
        for (JsonObject step : tokenizer.steps("pre_tokenizer", "pretokenizers")) {
            steps.append(steps.isEmpty() ? "" : " ").append(describe(step));
        }
        String name = NAMES.get(steps.toString());
        if (name == null) {
            throw new Unsupported(
                    "%s: pre_tokenizer: %s".formatted(tokenizer.path(), steps), List.copyOf(NAMES.keySet()));
        }
        if (IGNORING_MERGES.contains(name) == tokenizer.ignoreMerges()) {
            return name;
        }
        if (name.equals("llama-bpe")) {
            return LLAMA_3_BY_MERGES;
        }
        throw new Unsupported(
                "%s: model.ignore_merges = %s with the pre_tokenizer of %s"
                        .formatted(tokenizer.path(), tokenizer.ignoreMerges(), name),
                List.of(String.valueOf(!tokenizer.ignoreMerges())));
    }

    private static String split(String expression) {
        return "Split(" + expression + ")";
    }

    private static String describe(JsonObject step) {
        String type = step.string("type");
        return switch (type) {
            case "Split" -> describeSplit(step);
            case "ByteLevel" -> describeByteLevel(step);
            case "Digits" -> step.findBoolean("individual_digits").orElse(false) ? "Digits(each)" : type;
            case "Punctuation" ->
                "Punctuation(%s)".formatted(step.findString("behavior").orElse("Isolated"));
            default -> type;
        };
    }

    private static String describeSplit(JsonObject step) {
        Optional<JsonObject> pattern = step.findObject("pattern");
        String expression = pattern.flatMap(found -> found.findString("Regex")).orElse("no expression");
        boolean plain = step.findString("behavior").orElse("").equals("Isolated")
                && !step.findBoolean("invert").orElse(false);
        return plain ? split(expression) : "Split(%s, not isolated)".formatted(expression);
    }

    private static String describeByteLevel(JsonObject step) {
        String words = step.findBoolean("use_regex").orElse(true) ? "ByteLevel+words" : "ByteLevel";
        return step.findBoolean("add_prefix_space").orElse(true) ? words + "+space" : words;
    }
}
