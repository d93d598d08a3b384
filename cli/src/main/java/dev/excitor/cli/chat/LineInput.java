package dev.excitor.cli.chat;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/// Where messages come from.
public interface LineInput extends AutoCloseable {

    /// The next message as it was typed, of one line or more ([MultiLine]); null at the end.
    @Nullable
    String read() throws IOException;

    @Override
    void close() throws IOException;
}
