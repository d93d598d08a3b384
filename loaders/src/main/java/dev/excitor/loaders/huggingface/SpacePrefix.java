package dev.excitor.loaders.huggingface;

import dev.excitor.loaders.json.JsonObject;
import dev.excitor.runtime.ExcitorException.Unsupported;
import java.util.ArrayList;
import java.util.List;

/// Whether a space is put before a text, told from the steps that make spaces U+2581: normalizers that replace and
/// prepend (as older files have them), or a pre-tokenizer that does both.
final class SpacePrefix {

    private static final String SPACE = "\u2581";
    private static final List<String> KNOWN = List.of(
            "Prepend(\u2581) Replace( , \u2581)", "Replace( , \u2581)", "Metaspace(\u2581) that does not split");

    private SpacePrefix() {}

    /// @throws Unsupported for steps that are not known
    static boolean of(TokenizerJson tokenizer) {
        List<String> steps = new ArrayList<>();
        tokenizer.steps("normalizer", "normalizers").forEach(step -> steps.add(describeNormalizer(step)));
        tokenizer.steps("pre_tokenizer", "pretokenizers").forEach(step -> steps.add(describeMetaspace(step)));
        return switch (String.join(" ", steps)) {
            case "prepend replace", "metaspace+prefix" -> true;
            case "replace", "metaspace" -> false;
            default ->
                throw new Unsupported("%s: the steps %s before the merges".formatted(tokenizer.path(), steps), KNOWN);
        };
    }

    private static String describeNormalizer(JsonObject step) {
        String type = step.string("type");
        if (type.equals("Prepend") && step.string("prepend").equals(SPACE)) {
            return "prepend";
        }
        boolean replacesSpaces = type.equals("Replace")
                && step.string("content").equals(SPACE)
                && step.findObject("pattern")
                        .flatMap(pattern -> pattern.findString("String"))
                        .orElse("")
                        .equals(" ");
        return replacesSpaces ? "replace" : type;
    }

    /// A Metaspace that splits would merge words one by one; one that does not is the same as the normalizers.
    private static String describeMetaspace(JsonObject step) {
        boolean whole = step.string("type").equals("Metaspace")
                && step.string("replacement").equals(SPACE)
                && !step.findBoolean("split").orElse(true);
        if (!whole) {
            return step.string("type");
        }
        String scheme = step.findString("prepend_scheme")
                .orElse(step.findBoolean("add_prefix_space").orElse(true) ? "always" : "never");
        return switch (scheme) {
            case "always", "first" -> "metaspace+prefix";
            case "never" -> "metaspace";
            default -> "Metaspace(" + scheme + ")";
        };
    }
}
