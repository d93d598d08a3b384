package dev.excitor.model.chat;

import java.util.List;
import java.util.Optional;

/// Llama 2 Chat, as in Meta's reference code: each pair of question and answer is a text of its own, with BOS and EOS,
/// and the system message stands inside the first question. Messages lose the space around them.
///
/// ```text
///  [INST] <<SYS>>⏎{system}⏎<</SYS>>⏎⏎{user} [/INST] {assistant} </s><s>[INST] {user} [/INST]
/// ```
final class Llama2 extends ChatTemplate {

    Llama2() {
        super("llama2", true);
    }

    @Override
    void system(String content, SegmentBuilder out) {
        out.markup("[INST] <<SYS>>\n").content(content).markup("\n<</SYS>>\n\n");
    }

    /// System and user message are one before they lose the space around them, so none between them is lost.
    @Override
    void user(String content, Place place, SegmentBuilder out) {
        switch (place) {
            case START -> out.markup("[INST] ").content(content.strip());
            case AFTER_SYSTEM -> out.content(content.stripTrailing());
            case LATER -> out.markup("<s>[INST] ").content(content.strip());
        }
        out.markup(" [/INST]");
    }

    @Override
    void generationPrompt(SegmentBuilder out) {
        // The end of the question is the prompt.
    }

    @Override
    void answer(String content, SegmentBuilder out) {
        out.content(content.strip());
    }

    @Override
    void endAnswer(SegmentBuilder out) {
        out.markup(" </s>");
    }

    @Override
    public String answerPrefix() {
        return " ";
    }

    @Override
    public Optional<String> endOfTurn() {
        return Optional.of("</s>");
    }

    @Override
    public List<String> stops() {
        return List.of();
    }

    /// `[INST]` alone is Mistral's, whose templates differ in spaces and know no system message of this kind.
    @Override
    boolean recognises(String template) {
        return template.contains("[INST]")
                && template.contains("<<SYS>>")
                && !template.contains("[SYSTEM_PROMPT]")
                && !template.contains("[AVAILABLE_TOOLS]");
    }
}
