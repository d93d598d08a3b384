package dev.excitor.runtime.foreign;

import dev.excitor.runtime.ExcitorException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/// Anonymous pages for which Linux is asked to use huge ones.
public final class LargeMapping {

    private static final long HUGE = 2 << 20;

    private LargeMapping() {}

    /// Zeroed memory that starts at a huge page and is unmapped when the arena closes; null where there is none, or no
    /// native function may be called. Whether pages become huge is up to the system, and nothing depends on it.
    @SuppressWarnings("restricted") // the segment is of exactly the pages that were mapped for it
    public static @Nullable MemorySegment allocate(Arena arena, long bytes) {
        if (!System.getProperty("os.name").toLowerCase(Locale.ROOT).contains("linux")
                || bytes > Long.MAX_VALUE - HUGE) {
            return null;
        }
        try {
            MemorySegment pages = Libc.map(bytes + HUGE);
            long first = (pages.address() + HUGE - 1) & -HUGE;
            Libc.adviseHugePages(pages);
            return MemorySegment.ofAddress(first).reinterpret(bytes, arena, memory -> Libc.unmap(pages));
        } catch (ExcitorException.NativeCall | LinkageError | IllegalCallerException refused) {
            return null;
        }
    }
}
