package dev.excitor.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MappedPagesTest {

    @TempDir
    Path folder;

    private MemorySegment map(byte[] content, Arena arena) throws IOException {
        Path file = Files.write(folder.resolve("file"), content);
        try (FileChannel channel = FileChannel.open(file)) {
            return MappedPages.plain(channel.map(MapMode.READ_ONLY, 0, content.length, arena), arena);
        }
    }

    @Test
    void theFileIsReadThroughTheClassOfOtherNativeMemory() throws IOException {
        try (Arena arena = Arena.ofShared()) {
            byte[] content = {1, 2, 3, 4, 5};
            MemorySegment pages = map(content, arena);
            assertThat(pages.toArray(ValueLayout.JAVA_BYTE)).isEqualTo(content);
            assertThat(pages.getClass()).isSameAs(arena.allocate(5).getClass());
            assertThatThrownBy(() -> pages.get(ValueLayout.JAVA_BYTE, 5)).isInstanceOf(IndexOutOfBoundsException.class);
            assertThat(map(new byte[0], arena).byteSize()).isZero();
        }
    }

    @Test
    void nobodyWritesToIt() throws IOException {
        try (Arena arena = Arena.ofShared()) {
            MemorySegment pages = map(new byte[] {1}, arena);
            assertThat(pages.isReadOnly()).isTrue();
            assertThatThrownBy(() -> pages.set(ValueLayout.JAVA_BYTE, 0, (byte) 2))
                    .isInstanceOf(IllegalArgumentException.class);
        }
    }

    @Test
    void theArenaEndsIt() throws IOException {
        Arena arena = Arena.ofShared();
        MemorySegment pages = map(new byte[] {1}, arena);
        arena.close();
        assertThatThrownBy(() -> pages.get(ValueLayout.JAVA_BYTE, 0)).isInstanceOf(IllegalStateException.class);
    }
}
