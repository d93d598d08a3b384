package dev.excitor.model.chat;

import java.util.List;
import java.util.Optional;

/// Stanford Alpaca, the format of LLaMA-Adapter and LLaMA-Excitor. A system message takes the place of the preamble.
/// The format was made for one instruction; further ones repeat its headings. No space or newline follows the last
/// colon, and an answer has no end token in the text, as its name differs between the models this is used with.
///
/// ```text
///  {preamble}⏎⏎### Instruction:⏎{user}⏎⏎### Response:{assistant}⏎⏎### Instruction:⏎{user}⏎⏎### Response:
/// ```
final class Alpaca extends ChatTemplate {

    private static final String PREAMBLE =
            "Below is an instruction that describes a task. Write a response that appropriately completes the request.";

    private static final String INSTRUCTION = "### Instruction:";
    private static final String RESPONSE = "### Response:";

    Alpaca() {
        super("alpaca", true);
    }

    @Override
    void system(String content, SegmentBuilder out) {
        out.content(content);
    }

    @Override
    void user(String content, Place place, SegmentBuilder out) {
        out.markup(place == Place.START ? PREAMBLE : "");
        out.markup("\n\n" + INSTRUCTION + "\n").content(content);
    }

    @Override
    void generationPrompt(SegmentBuilder out) {
        out.markup("\n\n" + RESPONSE);
    }

    @Override
    void answer(String content, SegmentBuilder out) {
        out.content(content);
    }

    @Override
    void endAnswer(SegmentBuilder out) {
        // The next heading ends it.
    }

    @Override
    public String answerPrefix() {
        return "";
    }

    @Override
    public Optional<String> endOfTurn() {
        return Optional.empty();
    }

    @Override
    public List<String> stops() {
        return List.of(INSTRUCTION);
    }

    /// DeepSeek Coder has the same headings and its own end token.
    @Override
    boolean recognises(String template) {
        return template.contains(INSTRUCTION) && template.contains(RESPONSE) && !template.contains("<|EOT|>");
    }
}
