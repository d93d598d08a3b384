package dev.excitor.loaders;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;

/// Finds the folder of given models and oracles; tests that need it skip with its name when it is absent.
public final class Shared {

    private Shared() {}

    public static Path folder(String name) {
        Path folder = find().resolve(name);
        assumeTrue(Files.isDirectory(folder), "skipped: there is no folder " + folder);
        return folder;
    }

    private static Path find() {
        String given = System.getProperty("excitor.shared");
        if (given != null) {
            return Path.of(given);
        }
        Path here = Path.of("").toAbsolutePath();
        for (Path folder = here; folder != null; folder = folder.getParent()) {
            if (Files.isDirectory(folder.resolve("shared"))) {
                return folder.resolve("shared");
            }
        }
        return here.resolve("shared");
    }
}
