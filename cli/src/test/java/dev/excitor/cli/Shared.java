package dev.excitor.cli;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.stream.Stream;

/// The folder of models and expected results that stands beside a checkout where the project is developed.
public final class Shared {

    private Shared() {}

    /// A file or folder of it; the test is skipped, saying so, where it is absent.
    public static Path path(String relative) {
        Optional<Path> folder = Optional.ofNullable(System.getProperty("excitor.shared"))
                .map(Path::of)
                .or(() -> Stream.iterate(Path.of("").toAbsolutePath(), path -> path != null, Path::getParent)
                        .map(path -> path.resolve("shared"))
                        .filter(Files::isDirectory)
                        .findFirst());
        assumeTrue(
                folder.isPresent(),
                "SKIPPED: there is no folder 'shared' beside the checkout (or -Dexcitor.shared), which holds "
                        + relative);
        return folder.orElseThrow().resolve(relative);
    }
}
