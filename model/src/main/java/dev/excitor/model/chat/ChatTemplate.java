package dev.excitor.model.chat;

import dev.excitor.model.tokenizer.Segment;
import dev.excitor.runtime.ExcitorException.InvalidOption;
import java.util.List;
import java.util.Optional;

/// How a model was trained to read a conversation.
///
/// A rendering is a list of segments, so that the tokenizer can tell the template's markup from what people wrote: the
/// text of a control token in a message stays text. The token that opens every text (BOS) is not part of a rendering;
/// the tokenizer adds it once, to the first rendering of a session and not to continuations.
///
/// **Renderings grow at their end only.** A message is rendered without a look at those after it; an answer begins with
/// the generation prompt and ends with what a continuation begins with. So, as texts,
///
/// ```text
///  render(messages + answer + more, true)  =  render(messages, true) + prefix + answer + continuation(more)
/// ```
///
/// where prefix + answer is what the model wrote (the [#answerPrefix] is a space or nothing), without space around the
/// answer where the template takes that away. A session feeds its model the continuation, and nothing of what the model
/// has read or written before.
public abstract sealed class ChatTemplate permits Llama2, Llama3, ChatMl, Alpaca, Vicuna {

    /// What stands before a message.
    enum Place {
        START,
        AFTER_SYSTEM,
        LATER
    }

    private final String name;
    private final boolean strictTurns;

    /// @param name        for `--chat-template`
    /// @param strictTurns whether the format has only this order: perhaps a system message, then user and assistant in
    ///                    turn
    ChatTemplate(String name, boolean strictTurns) {
        this.name = name;
        this.strictTurns = strictTurns;
    }

    /// The name that `--chat-template` takes; llama.cpp's, where it has the template.
    public final String name() {
        return name;
    }

    /// A conversation from its beginning.
    ///
    /// @param messages            at least one
    /// @param addGenerationPrompt whether the model is to answer: ends with what introduces its answer
    /// @throws InvalidOption if the format has no place for a message where it stands
    public final List<Segment> render(List<Message> messages, boolean addGenerationPrompt) {
        if (messages.isEmpty()) {
            throw new InvalidOption("A conversation", "at least one message long", "empty");
        }
        SegmentBuilder out = new SegmentBuilder();
        append(messages, Place.START, addGenerationPrompt, out);
        return out.build();
    }

    /// What follows an answer of the model: the end of that answer, more messages, and what introduces the next answer.
    /// The answer's end token is part of it: the token at which generation stopped has not been fed to the model, and
    /// an answer that was cut short gets its end too.
    ///
    /// @param messages at least one, the first not the model's
    /// @throws InvalidOption if the format has no place for a message where it stands
    public final List<Segment> continuation(List<Message> messages) {
        if (messages.isEmpty() || messages.getFirst().role() == Role.ASSISTANT) {
            throw new InvalidOption(
                    "What continues a conversation",
                    "at least one message, and not the model's first",
                    messages.isEmpty() ? "empty" : "an answer after an answer");
        }
        SegmentBuilder out = new SegmentBuilder();
        endAnswer(out);
        append(messages, Place.LATER, true, out);
        return out.build();
    }

    private void append(List<Message> messages, Place start, boolean addGenerationPrompt, SegmentBuilder out) {
        if (strictTurns) {
            checkTurns(messages, start, addGenerationPrompt);
        }
        Place place = start;
        for (Message message : messages) {
            switch (message.role()) {
                case SYSTEM -> system(message.content(), out);
                case USER -> user(message.content(), place, out);
                case ASSISTANT -> {
                    generationPrompt(out);
                    out.markup(answerPrefix());
                    answer(message.content(), out);
                    endAnswer(out);
                }
            }
            place = message.role() == Role.SYSTEM ? Place.AFTER_SYSTEM : Place.LATER;
        }
        if (addGenerationPrompt) {
            generationPrompt(out);
        }
    }

    private void checkTurns(List<Message> messages, Place start, boolean addGenerationPrompt) {
        Role expected = Role.USER;
        for (int i = 0; i < messages.size(); i++) {
            Role role = messages.get(i).role();
            if (role == Role.SYSTEM && i == 0 && start == Place.START) {
                continue;
            }
            if (role != expected) {
                throw new InvalidOption(
                        "Message %d for the template %s".formatted(i + 1, name),
                        "from the " + expected.text() + " (a system message may come first, then user and assistant "
                                + "take turns)",
                        "from the " + role.text());
            }
            expected = role == Role.USER ? Role.ASSISTANT : Role.USER;
        }
        if (addGenerationPrompt && expected == Role.USER) {
            throw new InvalidOption(
                    "The last message for the template " + name,
                    "from the user, as an answer is asked for",
                    "from the " + messages.getLast().role().text());
        }
    }

    abstract void system(String content, SegmentBuilder out);

    abstract void user(String content, Place place, SegmentBuilder out);

    /// What introduces the model's answer.
    abstract void generationPrompt(SegmentBuilder out);

    abstract void answer(String content, SegmentBuilder out);

    /// What stands between an answer and the next message.
    abstract void endAnswer(SegmentBuilder out);

    /// What the model writes before its answer proper, and what is not shown: a space, or nothing.
    public abstract String answerPrefix();

    /// The text of the control token that ends an answer. It belongs to the tokens that end generation, whatever the
    /// file says about the end of a text; where the vocabulary has no such control token, to the stop strings.
    public abstract Optional<String> endOfTurn();

    /// Texts at which an answer ends though the model writes on: the beginning of somebody else's message.
    public abstract List<String> stops();

    /// Whether a `tokenizer.chat_template` is this one, told by its markers.
    abstract boolean recognises(String template);

    @Override
    public final String toString() {
        return name;
    }
}
