package dev.excitor.loaders.huggingface;

import dev.excitor.loaders.json.JsonObject;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// Tokens that a tokenizer's post-processor puts round a text.
///
/// @param before texts of tokens in front of it
/// @param after  texts of tokens behind it
record Surroundings(List<String> before, List<String> after) {

    /// Empty where the tokenizer has no template.
    static Optional<Surroundings> of(TokenizerJson tokenizer) {
        return tokenizer.steps("post_processor", "processors").stream()
                .filter(step -> step.string("type").equals("TemplateProcessing"))
                .findFirst()
                .map(step -> of(step.objects("single")));
    }

    private static Surroundings of(List<JsonObject> pieces) {
        List<String> before = new ArrayList<>();
        List<String> after = new ArrayList<>();
        boolean text = false;
        for (JsonObject piece : pieces) {
            text |= piece.has("Sequence");
            List<String> side = text ? after : before;
            piece.findObject("SpecialToken").ifPresent(token -> side.add(token.string("id")));
        }
        return new Surroundings(before, after);
    }
}
