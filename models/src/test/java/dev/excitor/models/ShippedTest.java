package dev.excitor.models;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.excitor.model.Model;
import dev.excitor.runtime.ExcitorException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ShippedTest {

    @TempDir
    Path folder;

    @Test
    void theModelOpensWhereItIsPut() throws IOException {
        Path file = Shipped.STORY.file(folder.resolve("deep/cache"));
        assertThat(file.getParent()).isEqualTo(folder.resolve("deep/cache"));
        assertThat(Files.size(file)).isLessThan(4 << 20);
        try (Model model = Model.open(file)) {
            assertThat(model.leftovers()).isEmpty();
        }
    }

    @Test
    void whatIsThereIsLeftAlone() throws IOException {
        Path file = Shipped.STORY.file(folder);
        FileTime old = FileTime.fromMillis(1_000_000);
        Files.setLastModifiedTime(file, old);
        assertThat(Shipped.STORY.file(folder)).isEqualTo(file);
        assertThat(Files.getLastModifiedTime(file)).isEqualTo(old);
        assertThat(filesIn(folder)).containsExactly(file);
    }

    @Test
    void whatWasCutOrChangedIsReplaced() throws IOException {
        Path file = Shipped.STORY.file(folder);
        byte[] good = Files.readAllBytes(file);
        Files.write(file, new byte[] {'G', 'G', 'U', 'F'});
        assertThat(Shipped.STORY.file(folder)).hasBinaryContent(good);
        byte[] changed = good.clone();
        changed[changed.length - 1] ^= 1;
        Files.write(file, changed);
        assertThat(Shipped.STORY.file(folder)).hasBinaryContent(good);
        assertThat(filesIn(folder)).as("nothing unfinished stays").containsExactly(file);
    }

    /// A link to somewhere else is not written through.
    @Test
    void aLinkInItsPlaceIsReplaced() throws IOException {
        Path file = Shipped.STORY.file(folder);
        Path elsewhere = Files.writeString(folder.resolve("elsewhere"), "precious");
        Files.delete(file);
        Files.createSymbolicLink(file, elsewhere);
        assertThat(Shipped.STORY.file(folder)).isEqualTo(file).isRegularFile();
        assertThat(Files.isSymbolicLink(file)).isFalse();
        assertThat(elsewhere).hasContent("precious");
    }

    @Test
    void aFolderThatCannotBeMadeIsNoObstacle() throws IOException {
        Path notAFolder = Files.writeString(folder.resolve("file"), "");
        Path file = Shipped.STORY.file(notAFolder.resolve("models"));
        assertThat(file).hasBinaryContent(Files.readAllBytes(Shipped.STORY.file(folder)));
        Files.delete(file);
    }

    @Test
    void theCacheIsWhereTheUserWantsIt() {
        Path home = Path.of("/home/u");
        assertThat(Shipped.cacheFolder(Map.of(), home)).isEqualTo(home.resolve(".cache/excitor/models"));
        assertThat(Shipped.cacheFolder(Map.of("XDG_CACHE_HOME", "/c"), home)).isEqualTo(Path.of("/c/excitor/models"));
        assertThat(Shipped.cacheFolder(Map.of("XDG_CACHE_HOME", "relative"), home))
                .isEqualTo(home.resolve(".cache/excitor/models"));
    }

    @Test
    void namesBeginWithAColon() {
        assertThat(Shipped.find(":story")).contains(Shipped.STORY);
        assertThat(Shipped.find("story")).isEmpty();
        assertThat(Shipped.find("./:story")).isEmpty();
        assertThatThrownBy(() -> Shipped.find(":novel"))
                .isInstanceOf(ExcitorException.Unsupported.class)
                .hasMessageContainingAll(":novel", ":story");
    }

    private static List<Path> filesIn(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.toList();
        }
    }
}
