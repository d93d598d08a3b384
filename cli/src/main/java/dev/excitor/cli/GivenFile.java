package dev.excitor.cli;

import dev.excitor.models.Shipped;
import dev.excitor.runtime.ExcitorException;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import picocli.CommandLine.ITypeConverter;

/// A file that is named on the command line: by its path, or, with a colon before the name, one that comes with the
/// program.
final class GivenFile {

    private GivenFile() {}

    /// @param what what is named, for the message when it cannot be
    static Path of(String name, String what) {
        try {
            return Shipped.find(name).map(Shipped::file).orElseGet(() -> Path.of(name));
        } catch (InvalidPathException e) {
            throw new ExcitorException.InvalidOption(what, "a file name", e.getReason());
        }
    }

    /// For picocli.
    static final class Converter implements ITypeConverter<Path> {
        @Override
        public Path convert(String name) {
            return of(name, "A file");
        }
    }
}
