package dev.excitor.cli;

import dev.excitor.cli.chat.Conversation;
import dev.excitor.cli.chat.HistoryFile;
import dev.excitor.cli.chat.LineInput;
import dev.excitor.cli.chat.StreamInput;
import dev.excitor.cli.chat.TerminalInput;
import dev.excitor.model.GenerationOptions;
import dev.excitor.model.Model;
import dev.excitor.model.SessionOptions;
import dev.excitor.model.chat.ChatTemplate;
import dev.excitor.model.chat.ChatTemplates;
import dev.excitor.runtime.ExcitorException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// `excitor chat`.
@Command(
        name = "chat",
        description = {
            "Talks with a model, in the format of the model's chat template. /help shows what can be typed.",
            "Where standard input is no terminal, each of its lines is a message, and standard output gets the answers"
                    + " alone."
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  excitor chat -m llama-1b-instruct.gguf",
            "  excitor chat -m llama-1b-instruct.gguf -sys \"Answer in French.\" --temp 0",
            "  excitor chat -m tuned.gguf --chat-template alpaca <questions.txt >answers.txt"
        })
final class ChatCommand extends Subcommand {

    private static final String TEMPLATE_KEY = "tokenizer.chat_template";

    @Mixin
    private ModelOptions modelOptions = new ModelOptions();

    @Mixin
    private ContextOptions context = new ContextOptions();

    @Mixin
    private SamplingOptions sampling = new SamplingOptions();

    @Option(
            names = {"-sys", "--system-prompt"},
            paramLabel = "TEXT",
            description = "What the model is told before the first message.")
    private @Nullable String system;

    @Option(
            names = "--chat-template",
            paramLabel = "NAME",
            description = "The format of the conversation: chatml, llama2, vicuna, alpaca or llama3 (default: the one"
                    + " in the model's file).")
    private @Nullable String templateName;

    ChatCommand(Console console) {
        super(console);
    }

    @Override
    public Integer call() throws IOException {
        GenerationOptions generationOptions = sampling.options();
        SessionOptions sessionOptions = context.options();
        Optional<ChatTemplate> chosen = Optional.ofNullable(templateName).map(ChatTemplates::of);
        try (Model model = modelOptions.open()) {
            ChatTemplate template = chosen.orElseGet(() -> templateOf(model));
            try (Conversation conversation = new Conversation(
                            model, sessionOptions, template, Optional.ofNullable(system), generationOptions);
                    LineInput input = input(conversation)) {
                new ChatLoop(console(), conversation, input).run();
            }
        }
        return 0;
    }

    private ChatTemplate templateOf(Model model) {
        Optional<String> own = model.checkpoint().metadata().findString(TEMPLATE_KEY);
        return own.flatMap(ChatTemplates::recognise)
                .orElseThrow(() -> new ExcitorException.InvalidOption(
                        "--chat-template",
                        "one of %s where the model's file has %s (%s)"
                                .formatted(
                                        String.join(", ", ChatTemplates.names()),
                                        own.isPresent() ? "a template that is none of these" : "no template",
                                        TEMPLATE_KEY),
                        "absent"));
    }

    private LineInput input(Conversation conversation) throws IOException {
        if (!console().isTerminal()) {
            return new StreamInput(console().in());
        }
        console()
                .note("%s, template %s, context %d tokens; /help shows what can be typed."
                        .formatted(modelOptions.path(), conversation.template(), conversation.context()));
        return new TerminalInput(history(), conversation::cancel);
    }

    private Optional<Path> history() {
        Path file = HistoryFile.place(System.getenv(), Path.of(System.getProperty("user.home")));
        try {
            HistoryFile.prepare(file);
            return Optional.of(file);
        } catch (IOException e) {
            console().note("What is typed will not be remembered: " + file + " cannot be written.");
            return Optional.empty();
        }
    }
}
