package dev.excitor.cli.chat;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

@DisabledOnOs(OS.WINDOWS)
class HistoryFileTest {

    @TempDir
    Path folder;

    @Test
    void belongsToTheUsersState() {
        Path home = Path.of("/home/me");
        Path usual = home.resolve(".local/state/excitor/chat-history");
        assertThat(HistoryFile.place(Map.of(), home)).isEqualTo(usual);
        assertThat(HistoryFile.place(Map.of("XDG_STATE_HOME", "relative"), home))
                .isEqualTo(usual);
        assertThat(HistoryFile.place(Map.of("XDG_STATE_HOME", "/state"), home))
                .isEqualTo(Path.of("/state/excitor/chat-history"));
    }

    @Test
    void isReadableByItsOwnerAlone() throws IOException {
        Path file = folder.resolve("new/folder/history");
        HistoryFile.prepare(file);
        assertThat(permissions(file)).isEqualTo("rw-------");

        Files.writeString(file, "a line");
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r--r--"));
        HistoryFile.prepare(file);
        assertThat(permissions(file)).isEqualTo("rw-------");
        assertThat(file).content().isEqualTo("a line");
    }

    @Test
    void aPlaceThatIsTakenIsRefused() throws IOException {
        Path file = Files.writeString(folder.resolve("file"), "");
        assertThatThrownBy(() -> HistoryFile.prepare(file.resolve("history"))).isInstanceOf(IOException.class);
    }

    private static String permissions(Path file) throws IOException {
        return PosixFilePermissions.toString(Files.getPosixFilePermissions(file));
    }
}
