package dev.excitor.train.data;

import dev.excitor.model.Model;
import dev.excitor.model.chat.ChatTemplate;
import dev.excitor.model.chat.ChatTemplates;
import dev.excitor.model.tokenizer.Tokenizer;
import dev.excitor.runtime.ExcitorException;

/// How a file of records becomes examples.
///
/// @param tokenizer  of the model
/// @param template   that prompts are rendered with
/// @param length     most tokens of an example
/// @param skipBad    whether records that cannot be used are counted and left out, instead of being an error
/// @param validation share of the examples that are not trained on but measured, from 0 to below 1
/// @param seed       of their choice
public record DataOptions(
        Tokenizer tokenizer, ChatTemplate template, int length, boolean skipBad, double validation, long seed) {

    public DataOptions {
        if (!(validation >= 0 && validation < 1)) {
            throw new ExcitorException.InvalidOption("the share of validation", "from 0 to below 1", validation);
        }
        if (length < 2) {
            throw new ExcitorException.InvalidOption("the length", "at least 2 tokens", length);
        }
    }

    /// For a model and a template by its name, without validation examples; bad records are errors.
    public static DataOptions of(Model model, String template, int length) {
        return new DataOptions(model.tokenizer(), ChatTemplates.of(template), length, false, 0, 1);
    }

    public DataOptions validation(double share) {
        return new DataOptions(tokenizer, template, length, skipBad, share, seed);
    }

    public DataOptions skipBad(boolean skip) {
        return new DataOptions(tokenizer, template, length, skip, validation, seed);
    }

    public DataOptions seed(long value) {
        return new DataOptions(tokenizer, template, length, skipBad, validation, value);
    }
}
