package dev.excitor.train;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;

/// Finds the folder of given models and oracles: the system property `excitor.shared`, or a folder `shared` beside any
/// ancestor of the working directory. Tests that need it skip, naming it, when it is absent.
final class Shared {

    private Shared() {}

    static Path folder(String name) {
        Path folder = root().resolve(name);
        Assumptions.assumeTrue(Files.isDirectory(folder), "skipped: there is no folder " + folder);
        return folder;
    }

    /// The files of a folder with an ending, by name.
    static Stream<Path> files(String folder, String ending) {
        try (Stream<Path> files = Files.list(folder(folder))) {
            return files.filter(file -> file.toString().endsWith(ending)).sorted().toList().stream();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Path root() {
        String given = System.getProperty("excitor.shared");
        if (given != null) {
            return Path.of(given);
        }
        Path here = Path.of("").toAbsolutePath();
        return Stream.iterate(here, folder -> folder != null, Path::getParent)
                .map(folder -> folder.resolve("shared"))
                .filter(Files::isDirectory)
                .findFirst()
                .orElse(here.resolve("shared"));
    }
}
