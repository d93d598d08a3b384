package dev.excitor.runtime;

import dev.excitor.runtime.foreign.FreshPages;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/// Native memory for much that is read again and again, such as weights: in pages of 2 MiB where Linux gives them, so
/// that the processor finds a place in memory without looking up each 4 KiB of it.
public final class HugePages {

    /// From here on whole pages are worth what rounding up to them costs.
    private static final long MUCH = 32 << 20;

    private HugePages() {}

    /// Zeroed memory. A little of it is [Arena#allocate]'s, and so is more than the machine has left, with its limit,
    /// and all of it where the system has no such pages.
    ///
    /// @param arena     owns it
    /// @param alignment a power of two, at most 2 MiB
    /// @throws OutOfMemoryError when it cannot be had
    public static MemorySegment allocate(Arena arena, long bytes, long alignment) {
        if (bytes >= MUCH && HostMemory.ifLessThan(bytes).isEmpty()) {
            MemorySegment large = FreshPages.allocateHuge(arena, bytes);
            if (large != null) {
                return large;
            }
        }
        return arena.allocate(bytes, alignment);
    }
}
