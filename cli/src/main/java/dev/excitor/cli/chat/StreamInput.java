package dev.excitor.cli.chat;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/// Messages from a file or a pipe, in UTF-8; there is nobody to prompt.
public final class StreamInput implements LineInput {

    private final BufferedReader lines;

    public StreamInput(InputStream in) {
        lines = new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8));
    }

    @Override
    public @Nullable String read() throws IOException {
        String first = lines.readLine();
        if (first == null) {
            return null;
        }
        boolean fenced = MultiLine.isFenced(first);
        boolean complete = MultiLine.isComplete(first);
        StringBuilder typed = new StringBuilder(first);
        while (!complete) {
            String next = lines.readLine();
            if (next == null) {
                break;
            }
            typed.append('\n').append(next);
            complete = MultiLine.isLastLine(next, fenced);
        }
        return typed.toString();
    }

    @Override
    public void close() throws IOException {
        lines.close();
    }
}
