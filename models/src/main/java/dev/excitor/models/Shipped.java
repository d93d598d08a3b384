package dev.excitor.models;

import dev.excitor.runtime.ExcitorException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/// A file that comes with the program.
///
/// ```java
/// try (var model = Model.open(Shipped.STORY.file());
///         var session = model.newSession()) { … }
/// ```
public enum Shipped {
    /// A model of 1.1 million weights that tells small stories; `docs/story-model.md` is its card.
    STORY("story", "story.Q8_0.gguf"),
    /// An adapter of that model that answers questions.
    ANSWERS("answers", "story-answers.excitor.gguf");

    /// What comes before the name on a command line, where a file's name may stand too.
    public static final String MARK = ":";

    private final String title;
    private final String fileName;

    Shipped(String title, String fileName) {
        this.title = title;
        this.fileName = fileName;
    }

    /// The one of a name such as `:story`; empty where the text does not begin with [#MARK].
    ///
    /// @throws ExcitorException.Unsupported when there is none of that name
    public static Optional<Shipped> find(String text) {
        if (!text.startsWith(MARK)) {
            return Optional.empty();
        }
        return Optional.of(Stream.of(values())
                .filter(shipped -> shipped.argument().equals(text))
                .findFirst()
                .orElseThrow(() -> new ExcitorException.Unsupported("the shipped file " + text, arguments())));
    }

    private static List<String> arguments() {
        return Stream.of(values()).map(Shipped::argument).toList();
    }

    /// How it is named on a command line.
    public String argument() {
        return MARK + title;
    }

    /// The file on disk, in the user's folder for caches; it is put there, or replaced, where it is not there with
    /// exactly these bytes. Where that folder cannot be written, it is in the system's folder for temporary files until
    /// the program ends.
    public Path file() {
        Path home = Path.of(System.getProperty("user.home", ""));
        return file(cacheFolder(System.getenv(), home));
    }

    /// `excitor/models` in the user's folder for caches, as the XDG rules have it.
    ///
    /// @param environment the process's variables, of which XDG_CACHE_HOME counts
    /// @param home        the user's home
    static Path cacheFolder(Map<String, String> environment, Path home) {
        Path given = Path.of(environment.getOrDefault("XDG_CACHE_HOME", ""));
        Path cache = given.isAbsolute() ? given : home.resolve(".cache");
        return cache.resolve("excitor").resolve("models");
    }

    /// The file in a folder for caches. Each version has a name of its own, so that one that runs is never replaced by
    /// another.
    Path file(Path folder) {
        byte[] bytes = bytes();
        Path file = folder.resolve(digest(bytes) + "-" + fileName);
        if (holds(file, bytes)) {
            return file;
        }
        try {
            Files.createDirectories(folder);
            write(folder, file, bytes);
            return file;
        } catch (IOException unwritable) {
            return temporary(bytes);
        }
    }

    private Path temporary(byte[] bytes) {
        try {
            Path file = Files.createTempFile("excitor-", "-" + fileName);
            file.toFile().deleteOnExit();
            Files.write(file, bytes);
            return file;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// The content is compared and not only the name: somebody may have changed it, or a disk may have been full.
    private static boolean holds(Path file, byte[] bytes) {
        try {
            return Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)
                    && Files.size(file) == bytes.length
                    && Arrays.equals(Files.readAllBytes(file), bytes);
        } catch (IOException unreadable) {
            return false;
        }
    }

    /// It appears under its name when it is complete.
    private static void write(Path folder, Path file, byte[] bytes) throws IOException {
        Path unfinished = Files.createTempFile(folder, "unfinished", null);
        try {
            Files.write(unfinished, bytes);
            Files.move(unfinished, file, StandardCopyOption.ATOMIC_MOVE);
        } finally {
            Files.deleteIfExists(unfinished);
        }
    }

    private byte[] bytes() {
        try (InputStream in = Shipped.class.getResourceAsStream(fileName)) {
            if (in == null) {
                throw new IllegalStateException(fileName + " is missing from its own module");
            }
            return in.readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String digest(byte[] bytes) {
        try {
            byte[] digest = MessageDigest.getInstance("SHA-256").digest(bytes);
            return HexFormat.of().formatHex(digest, 0, 8);
        } catch (NoSuchAlgorithmException impossible) {
            throw new IllegalStateException(impossible); // every JDK has it
        }
    }
}
