package dev.excitor.runtime;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/// Pages of a mapped file as plain native memory.
///
/// Java has a class of segments for mapped files and another one for all other native memory. Where both reach the same
/// code, its compiler asks in every loop which of them it has, and no longer takes the checks of a segment out of the
/// loop: on the Vector API single tokens then take twice as long.
public final class MappedPages {

    private MappedPages() {}

    /// The same pages, read-only, in the class of other native memory; the mapping itself where no native function may
    /// be called.
    ///
    /// @param arena that the mapping belongs to
    @SuppressWarnings("restricted") // neither the address nor the size nor the arena changes
    public static MemorySegment plain(MemorySegment mapping, Arena arena) {
        try {
            return mapping.reinterpret(mapping.byteSize(), arena, null).asReadOnly();
        } catch (IllegalCallerException refused) {
            return mapping.asReadOnly();
        }
    }
}
