package dev.excitor.runtime.foreign;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/// An arena for memory that machine code is let loose on: every allocation lies against a page that nobody may
/// touch, so that one byte too many ends the process instead of passing unnoticed. The rest of its own pages is
/// canaries, looked at when the arena closes.
///
/// ```text
///   LAST    | no access | canaries ... bytes | no access |
///   FIRST   | no access | bytes ... canaries | no access |
/// ```
public final class GuardedArena implements Arena {

    /// Against which end of the pages the bytes lie.
    public enum Place {
        /// Reads and writes behind the bytes are caught.
        LAST,
        /// Reads and writes before the bytes are caught.
        FIRST
    }

    private static final int PAGE = 4096;
    private static final int PROT_NONE = 0;
    private static final byte CANARY = 0x5a;
    private static final MemorySegment CANARIES =
            MemorySegment.ofArray(new byte[PAGE]).fill(CANARY);

    private final Place place;
    private final List<MemorySegment> mappings = new ArrayList<>();
    private final List<MemorySegment> canaries = new ArrayList<>();

    public GuardedArena(Place place) {
        this.place = place;
    }

    @Override
    public MemorySegment allocate(long byteSize, long byteAlignment) {
        if (byteAlignment > PAGE || (place == Place.LAST && byteSize % byteAlignment != 0)) {
            throw new IllegalArgumentException(
                    "%d bytes aligned to %d cannot end with a page".formatted(byteSize, byteAlignment));
        }
        long room = (byteSize + PAGE - 1) / PAGE * PAGE;
        MemorySegment mapping = Libc.map(room + 2 * PAGE);
        mappings.add(mapping);
        Libc.protect(mapping.asSlice(0, PAGE), PROT_NONE);
        Libc.protect(mapping.asSlice(PAGE + room, PAGE), PROT_NONE);
        MemorySegment pages = mapping.asSlice(PAGE, room);
        long rest = room - byteSize;
        canaries.add(pages.asSlice(place == Place.LAST ? 0 : byteSize, rest).fill(CANARY));
        return pages.asSlice(place == Place.LAST ? rest : 0, byteSize);
    }

    @Override
    public MemorySegment.Scope scope() {
        return Arena.global().scope();
    }

    /// Unmaps everything.
    ///
    /// @throws AssertionError where a canary has changed
    @Override
    public void close() {
        boolean intact = canaries.stream().allMatch(GuardedArena::isIntact);
        mappings.forEach(Libc::unmap);
        mappings.clear();
        canaries.clear();
        if (!intact) {
            throw new AssertionError("bytes beside an allocation were written");
        }
    }

    private static boolean isIntact(MemorySegment canary) {
        return canary.mismatch(CANARIES.asSlice(0, canary.byteSize())) < 0;
    }
}
