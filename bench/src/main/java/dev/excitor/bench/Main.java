package dev.excitor.bench;

import dev.excitor.bench.chart.ChartCommand;
import dev.excitor.bench.compare.CompareCommand;
import java.io.IOException;
import java.io.UncheckedIOException;
import picocli.CommandLine;
import picocli.CommandLine.Command;

/// The programs of this module that are no JMH benchmarks.
@Command(
        name = "bench",
        description = "Compares Excitor with other programs, and draws results.",
        subcommands = {CompareCommand.class, ChartCommand.class})
public final class Main {

    private Main() {}

    /// Runs a command and exits with its code: 0 done, 1 failed, 2 wrong usage.
    public static void main(String[] arguments) {
        System.exit(run(arguments));
    }

    /// @return the exit code
    static int run(String... arguments) {
        CommandLine line = new CommandLine(new Main());
        line.setCaseInsensitiveEnumValuesAllowed(true);
        line.setParameterExceptionHandler((wrong, given) -> {
            wrong.getCommandLine().getErr().println("bench: " + wrong.getMessage());
            return CommandLine.ExitCode.USAGE;
        });
        line.setExecutionExceptionHandler((failure, command, parsed) -> {
            if (!(failure instanceof IOException || failure instanceof UncheckedIOException)) {
                throw failure;
            }
            command.getErr().println("bench: " + failure.getMessage());
            return CommandLine.ExitCode.SOFTWARE;
        });
        return line.execute(arguments);
    }
}
