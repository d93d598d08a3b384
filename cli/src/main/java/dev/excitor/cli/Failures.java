package dev.excitor.cli;

import dev.excitor.runtime.ExcitorException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.NoSuchFileException;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.IExecutionExceptionHandler;
import picocli.CommandLine.ParseResult;

/// Turns what a command threw into a sentence on standard error and an exit code.
///
/// Failures that a user can cause and mend are a sentence; a stack trace is shown only with `-v`, or where the program
/// itself is at fault.
final class Failures implements IExecutionExceptionHandler {

    private final Console console;

    Failures(Console console) {
        this.console = console;
    }

    @Override
    public int handleExecutionException(Exception thrown, CommandLine command, ParseResult parsed) {
        int code = report(console, thrown);
        if (code != 0 && command.getCommand() instanceof Subcommand failed && failed.verbose()) {
            thrown.printStackTrace(console.err());
        }
        return code;
    }

    /// @return the exit code
    static int report(Console console, Exception thrown) {
        return switch (thrown) {
            case Console.OutputFailed failed -> failed.readerIsGone() ? 0 : say(console, failed.getMessage());
            case ExcitorException failure -> say(console, failure.getMessage());
            case UncheckedIOException failure -> say(console, reason(failure.getCause()));
            case IOException failure -> say(console, reason(failure));
            default -> {
                thrown.printStackTrace(console.err());
                yield say(console, "This is a fault of the program, not of its input: " + thrown);
            }
        };
    }

    private static int say(Console console, @Nullable String sentence) {
        console.note("excitor: " + sentence);
        return CommandLine.ExitCode.SOFTWARE;
    }

    private static String reason(@Nullable IOException failure) {
        return switch (failure) {
            case NoSuchFileException missing -> missing.getFile() + ": there is no such file or folder.";
            case AccessDeniedException denied -> denied.getFile() + ": permission denied.";
            case null -> "a file could not be read or written";
            default -> String.valueOf(failure.getMessage());
        };
    }
}
