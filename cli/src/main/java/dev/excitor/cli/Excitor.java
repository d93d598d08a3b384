package dev.excitor.cli;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import picocli.CommandLine;
import picocli.CommandLine.Command;

/// The top command: holds the others together, which [Commands] lists, and nothing else.
@Command(
        name = "excitor",
        description = "Runs quantized LLaMA models, with or without LLaMA-Excitor adapters, on the CPU.",
        mixinStandardHelpOptions = true,
        versionProvider = Version.class,
        synopsisSubcommandLabel = "COMMAND",
        footerHeading = "%nExamples:%n",
        footer = {
            "  excitor run \"Once upon a time there were two friends, Mia and Tom.\"",
            "  excitor run -m llama-3.2-1b.Q4_0.gguf -p \"Why is the sky blue?\" -n 64",
            "  excitor run -m llama-3.2-1b.Q4_0.gguf --adapter polite.excitor.gguf:0.5 -f question.txt",
            "  excitor chat -m llama-3.2-1b.Q4_0.gguf",
            "  excitor info llama-3.2-1b.Q4_0.gguf --tensors",
            "",
            "'excitor help COMMAND' describes a command's options."
        },
        exitCodeListHeading = "%nExit codes:%n",
        exitCodeList = {
            "0:done",
            "1:failed; one sentence on standard error says why",
            "2:wrong usage",
            "130:interrupted"
        })
final class Excitor {

    private Excitor() {}

    /// Runs one command line.
    ///
    /// @return the exit code
    static int run(Console console, String... arguments) {
        StringWriter help = new StringWriter();
        Commands commands = new Commands(console);
        CommandLine commandLine = new CommandLine(new Excitor(), commands);
        commands.addTo(commandLine, arguments);
        commandLine.setOut(new PrintWriter(help));
        commandLine.setErr(new PrintWriter(console.err(), true, StandardCharsets.UTF_8));
        commandLine.setCaseInsensitiveEnumValuesAllowed(true);
        commandLine.setUsageHelpAutoWidth(true);
        commandLine.setOverwrittenOptionsAllowed(true);
        commandLine.setExecutionExceptionHandler(new Failures(console));
        commandLine.setParameterExceptionHandler((wrong, given) -> {
            String name = wrong.getCommandLine().getCommandSpec().qualifiedName(" ");
            console.note("excitor: " + wrong.getMessage() + ". See '" + name + " --help'.");
            return CommandLine.ExitCode.USAGE;
        });
        int code = commandLine.execute(arguments);
        try {
            console.print(help.toString());
            console.flush();
        } catch (Console.OutputFailed failed) {
            return Failures.report(console, failed);
        }
        return code;
    }
}
