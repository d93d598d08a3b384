package dev.excitor.cli.chat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Optional;
import org.jline.reader.EOFError;
import org.jline.reader.EndOfFileException;
import org.jline.reader.LineReader;
import org.jline.reader.LineReaderBuilder;
import org.jline.reader.ParsedLine;
import org.jline.reader.UserInterruptException;
import org.jline.reader.impl.DefaultParser;
import org.jline.terminal.Size;
import org.jline.terminal.Terminal;
import org.jline.terminal.TerminalBuilder;
import org.jspecify.annotations.Nullable;

/// Messages from a person at a terminal: lines that can be edited, with a history. Ctrl-C at the prompt clears the
/// line, and Ctrl-D ends the input.
public final class TerminalInput implements LineInput {

    private static final String PROMPT = "> ";
    private static final String CONTINUATION_PROMPT = ". ";

    /// For a terminal that does not tell its size, as of a container that has just started.
    private static final Size UNKNOWN_SIZE = Size.of(80, 24);

    private final Terminal terminal;
    private final LineReader reader;

    /// @param history     the file that keeps what was typed, if there is one
    /// @param onInterrupt called on Ctrl-C while nothing is being read
    public TerminalInput(Optional<Path> history, Runnable onInterrupt) throws IOException {
        // The JNI provider would unpack a native library into the temporary folder, and a terminal that is asked about
        // grapheme clusters and does not know them would print the question.
        terminal = TerminalBuilder.builder()
                .system(true)
                .dumb(true)
                .jni(false)
                .graphemeCluster(false)
                .encoding(StandardCharsets.UTF_8)
                .build();
        if (terminal.getColumns() == 0) {
            terminal.setSize(UNKNOWN_SIZE);
        }
        terminal.handle(Terminal.Signal.INT, signal -> onInterrupt.run());
        LineReaderBuilder builder = LineReaderBuilder.builder()
                .terminal(terminal)
                .appName("excitor")
                .parser(new MessageParser())
                .option(LineReader.Option.DISABLE_EVENT_EXPANSION, true)
                .variable(LineReader.SECONDARY_PROMPT_PATTERN, CONTINUATION_PROMPT);
        history.ifPresent(file -> builder.variable(LineReader.HISTORY_FILE, file));
        reader = builder.build();
    }

    @Override
    public @Nullable String read() {
        while (true) {
            try {
                return reader.readLine(PROMPT);
            } catch (UserInterruptException cleared) {
                // The next prompt is empty.
            } catch (EndOfFileException end) {
                return null;
            }
        }
    }

    @Override
    public void close() throws IOException {
        terminal.close();
    }

    /// Asks for more lines where a message goes on.
    private static final class MessageParser extends DefaultParser {
        @Override
        public ParsedLine parse(String line, int cursor, ParseContext context) {
            if (context == ParseContext.ACCEPT_LINE && !MultiLine.isComplete(line)) {
                throw new EOFError(-1, -1, "the message goes on");
            }
            return super.parse(line, cursor, ParseContext.UNSPECIFIED);
        }
    }
}
