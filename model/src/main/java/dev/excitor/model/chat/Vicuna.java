package dev.excitor.model.chat;

import java.util.List;
import java.util.Optional;

/// Vicuna 1.1 and later, as in FastChat, which trained it: separated by a space after the user and by EOS after the
/// model, and never without a system message.
///
/// ```text
///  {system} USER: {user} ASSISTANT: {assistant}</s>USER: {user} ASSISTANT:
/// ```
final class Vicuna extends ChatTemplate {

    private static final String SYSTEM = "A chat between a curious user and an artificial intelligence assistant. "
            + "The assistant gives helpful, detailed, and polite answers to the user's questions.";

    private static final String USER = "USER:";
    private static final String ASSISTANT = "ASSISTANT:";
    private static final String END = "</s>";

    Vicuna() {
        super("vicuna", true);
    }

    @Override
    void system(String content, SegmentBuilder out) {
        out.content(content).markup(" ");
    }

    @Override
    void user(String content, Place place, SegmentBuilder out) {
        out.markup(place == Place.START ? SYSTEM + " " : "");
        out.markup(USER + " ").content(content).markup(" ");
    }

    @Override
    void generationPrompt(SegmentBuilder out) {
        out.markup(ASSISTANT);
    }

    @Override
    void answer(String content, SegmentBuilder out) {
        out.content(content);
    }

    @Override
    void endAnswer(SegmentBuilder out) {
        out.markup(END);
    }

    @Override
    public String answerPrefix() {
        return " ";
    }

    @Override
    public Optional<String> endOfTurn() {
        return Optional.of(END);
    }

    @Override
    public List<String> stops() {
        return List.of(USER);
    }

    /// The Orca variant, which announces its system message, is another format.
    @Override
    boolean recognises(String template) {
        return template.contains(USER) && template.contains(ASSISTANT) && !template.contains("SYSTEM:");
    }
}
