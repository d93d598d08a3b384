package dev.excitor.cli.chat;

import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Map;

/// The file that keeps what was typed in chats. It is for its owner's eyes alone.
public final class HistoryFile {

    private static final String OWNER_ONLY = "rw-------";

    private HistoryFile() {}

    /// Where it belongs: `excitor/chat-history` in the user's folder for state, as the XDG rules have it.
    ///
    /// @param environment the process's variables, of which XDG_STATE_HOME counts
    /// @param home        the user's home
    public static Path place(Map<String, String> environment, Path home) {
        Path given = Path.of(environment.getOrDefault("XDG_STATE_HOME", ""));
        Path state = given.isAbsolute() ? given : home.resolve(".local/state");
        return state.resolve("excitor/chat-history");
    }

    /// Creates it where it is not there, and lets nobody else read it.
    public static void prepare(Path file) throws IOException {
        Files.createDirectories(file.toAbsolutePath().getParent());
        if (!file.getFileSystem().supportedFileAttributeViews().contains("posix")) {
            return;
        }
        var ownerOnly = PosixFilePermissions.fromString(OWNER_ONLY);
        try {
            Files.createFile(file, PosixFilePermissions.asFileAttribute(ownerOnly));
        } catch (FileAlreadyExistsException old) {
            Files.setPosixFilePermissions(file, ownerOnly);
        }
    }
}
