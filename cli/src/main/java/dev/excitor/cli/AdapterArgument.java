package dev.excitor.cli;

import java.nio.file.Path;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/// `FILE[:SCALE]`. A colon that no number follows belongs to the file's name.
///
/// @param path  the adapter's file
/// @param scale how strong it is; 1 as trained
record AdapterArgument(Path path, float scale) {

    static AdapterArgument parse(String argument) {
        int colon = argument.lastIndexOf(':');
        if (colon > 0) {
            try {
                float scale = Float.parseFloat(argument.substring(colon + 1));
                return new AdapterArgument(path(argument.substring(0, colon)), scale);
            } catch (NumberFormatException notANumber) {
                return new AdapterArgument(path(argument), 1);
            }
        }
        return new AdapterArgument(path(argument), 1);
    }

    private static Path path(String name) {
        return GivenFile.of(name, "An adapter's file");
    }

    /// For picocli.
    static final class Converter implements ITypeConverter<AdapterArgument> {
        @Override
        public AdapterArgument convert(String value) {
            if (value.isBlank()) {
                throw new TypeConversionException("expected FILE[:SCALE]");
            }
            return parse(value);
        }
    }
}
