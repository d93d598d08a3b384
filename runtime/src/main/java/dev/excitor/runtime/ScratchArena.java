package dev.excitor.runtime;

import dev.excitor.runtime.foreign.FreshPages;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/// A shared arena for scratch, of which a session has enough for its longest passes and mostly uses a small part: where
/// Linux allows it, large pieces take only the pages that are written. Java's own arenas write zeros over all of it,
/// which takes longer than a short prompt.
public final class ScratchArena implements Arena {

    /// From here on a piece is worth a mapping of its own.
    private static final long MUCH = 256 << 10;

    private static final long PAGE = 4096;

    private final Arena arena = Arena.ofShared();

    /// Zeroed memory.
    ///
    /// @throws OutOfMemoryError when it cannot be had
    @Override
    public MemorySegment allocate(long bytes, long alignment) {
        @Nullable MemorySegment pages = bytes >= MUCH && alignment <= PAGE ? FreshPages.allocate(arena, bytes) : null;
        return pages != null ? pages : arena.allocate(bytes, alignment);
    }

    @Override
    public MemorySegment.Scope scope() {
        return arena.scope();
    }

    @Override
    public void close() {
        arena.close();
    }
}
