package dev.excitor.cli;

import dev.excitor.loaders.conversion.FileType;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// `excitor convert`.
@Command(
        name = "convert",
        description = {
            "Writes a model as one GGUF file with all its metadata and its vocabulary.",
            "Parts of a split file become one; with --type the matrices change their format as quantize does it.",
            "An Excitor adapter is written as GGUF or as safetensors, by the ending of OUT."
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  excitor convert llama-00001-of-00003.gguf llama.gguf",
            "  excitor convert llama-f32.gguf llama-bf16.gguf --type BF16",
            "  excitor convert Llama-3.2-1B-Instruct/ llama-3.2-1b.gguf",
            "  excitor convert polite.excitor.gguf polite.excitor.safetensors"
        })
final class ConvertCommand extends Subcommand {

    @Parameters(
            index = "0",
            paramLabel = "IN",
            description =
                    "The model: a GGUF file (of a split one, any part) or a directory of Hugging Face or of Meta.")
    private Path input = Path.of("");

    @Parameters(
            index = "1",
            paramLabel = "OUT",
            description = "The GGUF file to write (of an adapter, .gguf or .safetensors).")
    private Path output = Path.of("");

    @Option(
            names = "--type",
            paramLabel = "TYPE",
            description = "What the matrices become, one of quantize's types. Without it they stay what they are.")
    private @Nullable String type;

    @Mixin
    private ConversionOptions conversion = new ConversionOptions();

    ConvertCommand(Console console) {
        super(console);
    }

    @Override
    public Integer call() throws IOException {
        Optional<FileType> wanted = Optional.ofNullable(type).map(FileType::of);
        conversion.convert(input, "OUT", output, wanted, console(), verbose());
        return 0;
    }
}
