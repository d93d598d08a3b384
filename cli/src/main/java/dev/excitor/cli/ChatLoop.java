package dev.excitor.cli;

import dev.excitor.cli.chat.Conversation;
import dev.excitor.cli.chat.LineInput;
import dev.excitor.cli.chat.MultiLine;
import dev.excitor.cli.chat.Trimmed;
import dev.excitor.model.StopReason;
import dev.excitor.model.adapter.Adapter;
import dev.excitor.runtime.ExcitorException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Optional;

/// Messages in, answers out, until the input ends: answers to standard output, all else to standard error.
final class ChatLoop {

    private static final String HELP = """
            /adapter FILE[:SCALE]  goes on with an adapter; /adapter alone goes on without one
            /clear                 starts a new conversation
            /help                  shows this
            /exit                  leaves, as Ctrl-D does

            A line that ends in a backslash goes on in the next one. Lines between \""" and \""" are one message.
            A message that begins with a slash needs a space before it.
            Ctrl-C stops the answer, or clears the line that is being typed.""";

    private static final String REMEDY = "/clear starts a new conversation, and -c sets a larger context.";

    private final Console console;
    private final Conversation conversation;
    private final LineInput input;

    ChatLoop(Console console, Conversation conversation, LineInput input) {
        this.console = console;
        this.conversation = conversation;
        this.input = input;
    }

    void run() throws IOException {
        for (String typed = input.read(); typed != null; typed = input.read()) {
            if (typed.startsWith("/")) {
                String[] words = typed.strip().split("\\s+", 2);
                if (words[0].equals("/exit")) {
                    return;
                }
                obey(words[0], words.length > 1 ? words[1] : "");
            } else if (!typed.isBlank()) {
                answer(MultiLine.message(typed));
            }
        }
    }

    private void obey(String command, String argument) {
        switch (command) {
            case "/adapter" -> changeAdapter(argument);
            case "/clear" -> {
                conversation.clear();
                console.note("The conversation is empty.");
            }
            case "/help" -> console.note(HELP);
            default ->
                console.note(command + " is no command: /adapter, /clear, /exit and /help are. A message that begins"
                        + " with a slash needs a space before it.");
        }
    }

    private void changeAdapter(String argument) {
        if (argument.isEmpty()) {
            conversation.adapter(Optional.empty(), 1);
            console.note("The conversation goes on without an adapter.");
            return;
        }
        try {
            AdapterArgument adapter = AdapterArgument.parse(argument);
            conversation.adapter(Optional.of(Adapter.open(adapter.path())), adapter.scale());
            console.note("The conversation goes on with %s at scale %s.".formatted(adapter.path(), adapter.scale()));
        } catch (ExcitorException | UncheckedIOException failure) {
            Failures.report(console, failure);
        }
    }

    private void answer(String message) {
        try {
            StopReason reason = conversation.say(message, new Trimmed(text -> {
                console.print(text);
                console.flush();
            }));
            console.print("\n");
            console.flush();
            switch (reason) {
                case CONTEXT_FULL ->
                    console.note("The answer was cut short: the context of %d tokens is full. %s"
                            .formatted(conversation.context(), REMEDY));
                case CANCELLED -> console.note("Stopped.");
                case END_OF_GENERATION, MAX_TOKENS, STOP_STRING -> {}
            }
        } catch (ExcitorException.ContextFull full) {
            console.note("The message does not fit: %d of %d tokens of context are taken. %s"
                    .formatted(conversation.position(), conversation.context(), REMEDY));
        }
    }
}
