package dev.excitor.cli;

import java.io.BufferedOutputStream;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/// The three streams of a command: text for the user on standard output, in UTF-8 whatever the locale, and everything
/// said about it on standard error.
///
/// Unlike a [PrintStream] it tells when standard output is gone.
final class Console {

    private final InputStream in;
    private final OutputStream out;
    private final PrintStream err;
    private final boolean terminal;

    /// Whether standard output has failed, which is said once: nothing is written to it any more.
    private boolean failed;

    /// Streams that no person sits at.
    Console(InputStream in, OutputStream out, OutputStream err) {
        this(in, out, err, false);
    }

    private Console(InputStream in, OutputStream out, OutputStream err, boolean terminal) {
        this.in = in;
        this.out = out;
        this.err = new PrintStream(err, true, StandardCharsets.UTF_8);
        this.terminal = terminal;
    }

    /// The process's own streams.
    static Console ofProcess() {
        return new Console(
                System.in,
                new BufferedOutputStream(new FileOutputStream(FileDescriptor.out), 1 << 16),
                new FileOutputStream(FileDescriptor.err),
                Optional.ofNullable(System.console())
                        .filter(java.io.Console::isTerminal)
                        .isPresent());
    }

    /// Whether a person sits at it: standard input and standard output are a terminal.
    boolean isTerminal() {
        return terminal;
    }

    InputStream in() {
        return in;
    }

    PrintStream err() {
        return err;
    }

    /// Writes text to standard output; it appears at the next [#flush].
    ///
    /// @throws OutputFailed when it cannot be written
    void print(String text) {
        write(text.getBytes(StandardCharsets.UTF_8));
    }

    void println(String text) {
        print(text);
        print("\n");
    }

    void write(byte[] bytes) {
        if (!failed) {
            try {
                out.write(bytes);
            } catch (IOException e) {
                throw failure(e);
            }
        }
    }

    void flush() {
        if (!failed) {
            try {
                out.flush();
            } catch (IOException e) {
                throw failure(e);
            }
        }
    }

    private OutputFailed failure(IOException cause) {
        failed = true;
        return new OutputFailed(cause);
    }

    /// A line about the work, on standard error.
    void note(String line) {
        err.println(line);
    }

    /// Standard output that cannot be written any more.
    static final class OutputFailed extends RuntimeException {
        private static final long serialVersionUID = 1L;
        private final String reason;

        OutputFailed(IOException cause) {
            super("Standard output cannot be written: " + cause.getMessage(), cause);
            this.reason = String.valueOf(cause.getMessage());
        }

        /// Whether the reader has gone away, as `head` does when it has seen enough, which is no failure.
        boolean readerIsGone() {
            return reason.contains("Broken pipe");
        }
    }
}
