package dev.excitor.runtime.foreign;

import dev.excitor.runtime.ExcitorException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/// Anonymous pages of Linux: zeroed, and each of them taken when it is first written. They are unmapped when their
/// arena closes.
public final class FreshPages {

    private static final long HUGE = 2 << 20;

    private FreshPages() {}

    /// Memory that starts at a page; null where there is none, or no native function may be called.
    public static @Nullable MemorySegment allocate(Arena arena, long bytes) {
        return map(arena, bytes, 1, false);
    }

    /// Memory that starts at a huge page, for which the system is asked to use huge ones; null as above. Whether it
    /// does is up to it, and nothing depends on it.
    public static @Nullable MemorySegment allocateHuge(Arena arena, long bytes) {
        return map(arena, bytes, HUGE, true);
    }

    @SuppressWarnings("restricted") // the segment is of exactly the pages that were mapped for it
    private static @Nullable MemorySegment map(Arena arena, long bytes, long alignment, boolean huge) {
        if (!System.getProperty("os.name").toLowerCase(Locale.ROOT).contains("linux")
                || bytes > Long.MAX_VALUE - alignment) {
            return null;
        }
        try {
            MemorySegment pages = Libc.map(bytes + alignment - 1);
            if (huge) {
                Libc.adviseHugePages(pages);
            }
            long first = (pages.address() + alignment - 1) & -alignment;
            return MemorySegment.ofAddress(first).reinterpret(bytes, arena, memory -> Libc.unmap(pages));
        } catch (ExcitorException.NativeCall | LinkageError | IllegalCallerException refused) {
            return null;
        }
    }
}
