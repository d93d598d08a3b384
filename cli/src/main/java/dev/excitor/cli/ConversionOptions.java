package dev.excitor.cli;

import dev.excitor.loaders.conversion.AdapterConversion;
import dev.excitor.loaders.conversion.Conversion;
import dev.excitor.loaders.conversion.FileType;
import dev.excitor.runtime.Cpu;
import dev.excitor.runtime.ExcitorException;
import dev.excitor.runtime.checkpoint.Checkpoint;
import dev.excitor.runtime.checkpoint.CheckpointReader;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import picocli.CommandLine.Option;

/// How a command writes a model anew, and the writing.
final class ConversionOptions {

    @Option(
            names = "--pure",
            description = "Give every matrix the base format of the type, where the mix would give some more bits.")
    private boolean pure;

    @Option(
            names = "--allow-requantize",
            description = "Quantize again what is quantized already, which adds the errors of both.")
    private boolean allowRequantize;

    @Option(
            names = {"-t", "--threads"},
            paramLabel = "N",
            defaultValue = "0",
            description = "Threads; 0 takes as many as this process may use (default: ${DEFAULT-VALUE}).")
    private int threads;

    @Option(
            names = {"-f", "--force"},
            description = "Replace the file if it is there.")
    private boolean force;

    /// Writes a model anew.
    ///
    /// @param option what the command calls the output, for errors
    /// @param type   what its matrices become; empty to leave them as they are
    void convert(Path from, String option, Path to, Optional<FileType> type, Console console, boolean verbose)
            throws IOException {
        Conversion.Options options = new Conversion.Options(
                type, pure, allowRequantize, verbose, threads == 0 ? Cpu.usableThreads() : threads);
        try (Checkpoint source = CheckpointReader.open(from, CheckpointReader.Memory.MAPPED)) {
            if (AdapterConversion.isAdapter(source)) {
                convertAdapter(source, option, to, type);
                return;
            }
            Conversion conversion = Conversion.plan(source, options);
            try (OutputFile file = OutputFile.create(option, to, force)) {
                ConversionReport report = new ConversionReport(console, conversion, to, verbose);
                conversion.write(file, report);
                file.commit();
                report.finish();
            }
        }
    }

    private void convertAdapter(Checkpoint source, String option, Path to, Optional<FileType> type) throws IOException {
        if (type.isPresent()) {
            throw new ExcitorException.InvalidOption(
                    "the type", "left out for an adapter, whose numbers stay what they are", type.get());
        }
        AdapterConversion.Target target = AdapterConversion.Target.of(to);
        try (OutputFile file = OutputFile.create(option, to, force)) {
            AdapterConversion.write(source, target, file);
            file.commit();
        }
    }
}
