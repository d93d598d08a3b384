package dev.excitor.runtime.foreign;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/// Addresses for machine code, behind the checks that Java makes where it reads itself: the segment is native, open to
/// this thread, not closed, and holds every byte. Touching the first and the last byte asks for all of it and allocates
/// nothing.
public final class Addresses {

    private Addresses() {}

    /// The address of `bytes` bytes from byte `at` on, which will be read.
    public static long readable(MemorySegment segment, long at, long bytes) {
        if (!segment.isNative()) {
            throw new IllegalArgumentException("machine code reads native memory only");
        }
        if (bytes != 0) {
            segment.get(ValueLayout.JAVA_BYTE, at);
            segment.get(ValueLayout.JAVA_BYTE, Math.addExact(at, bytes - 1));
        }
        return segment.address() + at;
    }

    /// The same for bytes that will be written.
    public static long writable(MemorySegment segment, long at, long bytes) {
        if (segment.isReadOnly()) {
            throw new IllegalArgumentException("this memory is read-only");
        }
        return readable(segment, at, bytes);
    }
}
