package dev.excitor.cli;

import java.util.concurrent.Callable;
import picocli.CommandLine.Option;

/// What every command has: the console, `-h` and `-v`. Failures are thrown; [Failures] says them.
abstract class Subcommand implements Callable<Integer> {

    private final Console console;

    @SuppressWarnings("UnusedVariable") // read by picocli
    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            description = "Show this help and exit.")
    private boolean help;

    @Option(
            names = {"-v", "--verbose"},
            description = "Say more on standard error, and show where a failure came from.")
    private boolean verbose;

    Subcommand(Console console) {
        this.console = console;
    }

    final Console console() {
        return console;
    }

    final boolean verbose() {
        return verbose;
    }

    /// Does the work.
    ///
    /// @return the exit code
    @Override
    public abstract Integer call() throws Exception;
}
