package dev.excitor.cli;

import dev.excitor.loaders.conversion.FileType;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/// `excitor quantize`.
@Command(
        name = "quantize",
        description = {
            "Writes a model with fewer bits per weight: smaller, faster, less exact.",
            "The types are llama.cpp's, made by its rules; most are mixes that spend more bits where they matter.",
            "Start from F32, F16 or BF16. -v shows the error of every matrix."
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  excitor quantize llama-f16.gguf llama-q4_k_m.gguf Q4_K_M",
            "  excitor quantize -v --pure -t 4 llama-f16.gguf llama-q8_0.gguf Q8_0"
        })
final class QuantizeCommand extends Subcommand {

    @Parameters(index = "0", paramLabel = "IN", description = "The model, a GGUF file (of a split one, any part).")
    private Path input = Path.of("");

    @Parameters(index = "1", paramLabel = "OUT", description = "The file to write.")
    private Path output = Path.of("");

    @Parameters(
            index = "2",
            paramLabel = "TYPE",
            description = "F32, F16, BF16, Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, Q2_K, Q3_K_S, Q3_K_M, Q3_K_L, Q4_K_S, Q4_K_M,"
                    + " Q5_K_S, Q5_K_M, Q6_K, IQ4_NL or IQ4_XS; Q3_K, Q4_K and Q5_K mean their _M.")
    private String type = "";

    @Mixin
    private ConversionOptions conversion = new ConversionOptions();

    QuantizeCommand(Console console) {
        super(console);
    }

    @Override
    public Integer call() throws IOException {
        conversion.convert(input, "OUT", output, Optional.of(FileType.of(type)), console(), verbose());
        return 0;
    }
}
