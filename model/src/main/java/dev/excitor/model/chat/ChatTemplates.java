package dev.excitor.model.chat;

import dev.excitor.runtime.ExcitorException.Unsupported;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/// The list of chat templates. Adding one is adding one line.
///
/// A file carries its template as a Jinja program, which is not run: no program from a stranger's file is. It is looked
/// through for the markers of the templates here, as llama.cpp does without its `--jinja`.
public final class ChatTemplates {

    /// In the order in which a file's template is compared with them: llama.cpp's.
    private static final List<ChatTemplate> ALL =
            List.of(new ChatMl(), new Llama2(), new Vicuna(), new Alpaca(), new Llama3());

    private ChatTemplates() {}

    public static List<ChatTemplate> all() {
        return ALL;
    }

    public static List<String> names() {
        return ALL.stream().map(ChatTemplate::name).toList();
    }

    /// A template by its name, in any case: `llama2`, `llama3`, `chatml`, `alpaca`, `vicuna`.
    ///
    /// @throws Unsupported if there is none of that name, with the names there are
    public static ChatTemplate of(String name) {
        return find(name).orElseThrow(() -> new Unsupported("The chat template \"" + excerpt(name) + "\"", names()));
    }

    /// The template that a file's `tokenizer.chat_template` is, or names.
    ///
    /// @return empty if it is none of those in the list: the user has to choose
    public static Optional<ChatTemplate> recognise(String template) {
        return find(template.strip())
                .or(() ->
                        ALL.stream().filter(known -> known.recognises(template)).findFirst());
    }

    private static Optional<ChatTemplate> find(String name) {
        String wanted = name.toLowerCase(Locale.ROOT);
        return ALL.stream().filter(template -> template.name().equals(wanted)).findFirst();
    }

    /// A name may be a whole Jinja program by mistake: an error message shows its beginning.
    private static String excerpt(String name) {
        return name.codePointCount(0, name.length()) <= 40
                ? name
                : name.substring(0, name.offsetByCodePoints(0, 40)) + "…";
    }
}
