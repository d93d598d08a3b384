package dev.excitor.train.data;

import dev.excitor.model.chat.Message;
import dev.excitor.model.chat.Role;
import java.util.List;

/// One record of a data file: a conversation that ends with an answer.
///
/// @param messages the conversation
/// @param input    what an instruction is about, where the file keeps it apart; else empty
record DataRecord(List<Message> messages, String input) {

    /// An instruction with its answer, as the Alpaca data has them.
    static DataRecord instruction(String instruction, String input, String output) {
        return new DataRecord(List.of(Message.user(instruction), Message.assistant(output)), input);
    }

    /// What is wrong with it, or an empty text.
    String trouble() {
        if (messages.isEmpty()) {
            return "the conversation has no messages";
        }
        if (messages.getFirst().role() == Role.ASSISTANT) {
            return "the first message is the assistant's, so that there is no prompt before it";
        }
        if (messages.getLast().role() != Role.ASSISTANT) {
            return "the last message is not the assistant's, so that there is nothing to learn after it";
        }
        for (Message message : messages) {
            if (message.role() == Role.ASSISTANT && message.content().isBlank()) {
                return "an answer is empty";
            }
        }
        return "";
    }
}
