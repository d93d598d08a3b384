package dev.excitor.model.chat;

import java.util.List;
import java.util.Optional;

/// Llama 3 Instruct: every message has a header and an end, and loses the space around it. What the templates of 3.1
/// and later say by themselves (dates, tools) is left out, as in llama.cpp.
///
/// ```text
///  <|start_header_id|>{role}<|end_header_id|>⏎⏎{content}<|eot_id|>
/// ```
final class Llama3 extends ChatTemplate {

    private static final String END = "<|eot_id|>";

    Llama3() {
        super("llama3", false);
    }

    private static void header(Role role, SegmentBuilder out) {
        out.markup("<|start_header_id|>" + role.text() + "<|end_header_id|>\n\n");
    }

    @Override
    void system(String content, SegmentBuilder out) {
        header(Role.SYSTEM, out);
        out.content(content.strip()).markup(END);
    }

    @Override
    void user(String content, Place place, SegmentBuilder out) {
        header(Role.USER, out);
        out.content(content.strip()).markup(END);
    }

    @Override
    void generationPrompt(SegmentBuilder out) {
        header(Role.ASSISTANT, out);
    }

    @Override
    void answer(String content, SegmentBuilder out) {
        out.content(content.strip());
    }

    @Override
    void endAnswer(SegmentBuilder out) {
        out.markup(END);
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

    @Override
    boolean recognises(String template) {
        return template.contains("<|start_header_id|>") && template.contains("<|end_header_id|>");
    }
}
