package dev.excitor.model.chat;

import java.util.List;
import java.util.Optional;

/// ChatML, which Qwen and many fine-tuned models use. Messages stay as they are.
///
/// ```text
///  <|im_start|>{role}⏎{content}<|im_end|>⏎
/// ```
final class ChatMl extends ChatTemplate {

    private static final String START = "<|im_start|>";
    private static final String END = "<|im_end|>";

    ChatMl() {
        super("chatml", false);
    }

    private static SegmentBuilder header(Role role, SegmentBuilder out) {
        return out.markup(START + role.text() + "\n");
    }

    @Override
    void system(String content, SegmentBuilder out) {
        header(Role.SYSTEM, out).content(content).markup(END + "\n");
    }

    @Override
    void user(String content, Place place, SegmentBuilder out) {
        header(Role.USER, out).content(content).markup(END + "\n");
    }

    @Override
    void generationPrompt(SegmentBuilder out) {
        header(Role.ASSISTANT, out);
    }

    @Override
    void answer(String content, SegmentBuilder out) {
        out.content(content);
    }

    @Override
    void endAnswer(SegmentBuilder out) {
        out.markup(END + "\n");
    }

    @Override
    public String answerPrefix() {
        return "";
    }

    @Override
    public Optional<String> endOfTurn() {
        return Optional.of(END);
    }

    @Override
    public List<String> stops() {
        return List.of();
    }

    /// Phi 4 and SmolVLM use the same first marker for other formats.
    @Override
    boolean recognises(String template) {
        return template.contains(START) && !template.contains("<|im_sep|>") && !template.contains("<end_of_utterance>");
    }
}
