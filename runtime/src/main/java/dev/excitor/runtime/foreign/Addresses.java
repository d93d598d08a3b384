package dev.excitor.runtime.foreign;

import java.lang.foreign.MemorySegment;
import java.util.Objects;

/// Addresses for machine code, behind the checks that Java makes where it reads itself: the segment is native, open to
/// this thread, not closed, and holds every byte. They allocate nothing, and are asked one by one: code that is not
/// compiled yet takes a third of the time that touching the first and the last byte would.
public final class Addresses {

    private Addresses() {}

    /// The address of `bytes` bytes from byte `at` on, which will be read.
    public static long readable(MemorySegment segment, long at, long bytes) {
        if (!segment.isNative()) {
            throw new IllegalArgumentException("machine code reads native memory only");
        }
        if (bytes != 0) {
            Objects.checkFromIndexSize(at, bytes, segment.byteSize());
            requireOpen(segment);
        }
        return segment.address() + at;
    }

    private static void requireOpen(MemorySegment segment) {
        if (!segment.scope().isAlive()) {
            throw new IllegalStateException("this memory is closed");
        }
        if (!segment.isAccessibleBy(Thread.currentThread())) {
            throw new WrongThreadException("this memory belongs to another thread");
        }
    }

    /// The same for bytes that will be written.
    public static long writable(MemorySegment segment, long at, long bytes) {
        if (segment.isReadOnly()) {
            throw new IllegalArgumentException("this memory is read-only");
        }
        return readable(segment, at, bytes);
    }
}
