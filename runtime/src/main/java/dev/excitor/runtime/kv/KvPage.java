package dev.excitor.runtime.kv;

import dev.excitor.runtime.ExcitorException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.atomic.AtomicInteger;

/// Native memory for [KvLayout#PAGE] positions, shared by the caches that hold a reference and freed with the last one.
final class KvPage {

    private final Arena arena;
    private final MemorySegment data;
    private final AtomicInteger references = new AtomicInteger(1);

    private KvPage(Arena arena, MemorySegment data) {
        this.arena = arena;
        this.data = data;
    }

    /// A page of zeros with one reference.
    @SuppressWarnings("MustBeClosedChecker") // the page owns the arena and closes it with the last reference
    static KvPage allocate(long bytes) {
        Arena arena = Arena.ofShared();
        try {
            return new KvPage(arena, arena.allocate(bytes, 64));
        } catch (OutOfMemoryError e) {
            arena.close();
            throw new ExcitorException.OutOfMemory("a page of the key/value cache", bytes, e);
        }
    }

    /// A page with the same content and one reference.
    KvPage copy() {
        KvPage copy = allocate(data.byteSize());
        copy.data.copyFrom(data);
        return copy;
    }

    MemorySegment data() {
        return data;
    }

    boolean isShared() {
        return references.get() > 1;
    }

    KvPage retain() {
        references.getAndIncrement();
        return this;
    }

    void release() {
        if (references.decrementAndGet() == 0) {
            arena.close();
        }
    }
}
